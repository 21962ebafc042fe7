//! The subject Anteroom.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anteroom_protocol::Mode;
use anyhow::Result;
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::{operation::Operation, parties::Parties, subject::Subject};

/// Members of the group whose endorsements are issued.
const MEMBERS: usize = 1_000;

/// The parties, and the threads that work for them.
pub(super) struct AnteroomSubject {
    /// The thread pool of all operations: one thread by default.
    threads: Arc<ThreadPool>,
    rng: ChaCha20Rng,
    parties: Parties,
}

impl AnteroomSubject {
    pub(super) fn new(mode: Mode) -> Result<Self> {
        // Any seed serves, since the measurement protects no secret.
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        Ok(Self {
            threads: threads(1)?,
            parties: Parties::new(mode, MEMBERS, &mut rng)?,
            rng,
        })
    }

    /// Sets the number of threads of the following operations.
    pub(super) fn use_threads(&mut self, count: usize) -> Result<()> {
        self.threads = threads(count)?;
        Ok(())
    }
}

impl Subject for AnteroomSubject {
    fn time(&mut self, operation: Operation, iterations: u32) -> Result<Duration> {
        let threads = Arc::clone(&self.threads);
        threads.install(|| {
            let start = Instant::now();
            for _ in 0..iterations {
                self.parties.run(operation, &mut self.rng)?;
            }
            Ok(start.elapsed())
        })
    }
}

fn threads(count: usize) -> Result<Arc<ThreadPool>> {
    let pool = ThreadPoolBuilder::new().num_threads(count).build()?;
    Ok(Arc::new(pool))
}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::*;

    #[test]
    fn every_operation_works_in_both_modes() {
        for mode in [Mode::Legacy, Mode::Standard] {
            let mut ours = AnteroomSubject::new(mode).unwrap();
            for operation in Operation::VARIANTS {
                ours.time(*operation, 1).unwrap();
            }
        }
    }
}
