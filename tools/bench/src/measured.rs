//! Operations of workers, as often a second as they can be done.

use std::thread;

use anyhow::{Context, Result, anyhow};

use super::{
    quantiles::Quantiles,
    worker::{IterationTimes, Worker},
};

/// The intended duration of one measurement, in seconds.
const ROUND: f64 = 0.5;
/// The iterations of the first attempt, which warms up and determines the iterations of a round.
const FIRST: u32 = 200;
const MOST: u32 = 50_000;

/// An operation of one subject, and its rates.
pub(super) struct OperationTimes {
    operation: &'static str,
    /// The iterations of one worker in one round.
    iterations: u32,
    /// Operations a second, of all workers together.
    rounds: Vec<f64>,
    /// The server's processor time for each operation, in seconds, if the worker measures it.
    server: Vec<f64>,
}

impl OperationTimes {
    pub(super) const fn new(operation: &'static str) -> Self {
        Self {
            operation,
            iterations: FIRST,
            rounds: Vec::new(),
            server: Vec::new(),
        }
    }

    /// Warms up, and finds how many iterations fill a round.
    pub(super) fn calibrate(&mut self, workers: &mut [Worker]) -> Result<()> {
        let (rate, _) = self.measure(workers)?;
        let rate = rate / workers.len() as f64;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a positive number, which is then held between bounds"
        )]
        let iterations = (rate * ROUND) as u32;
        self.iterations = iterations.clamp(FIRST, MOST);
        Ok(())
    }

    pub(super) fn once(&mut self, workers: &mut [Worker]) -> Result<()> {
        let (rate, server) = self.measure(workers)?;
        self.rounds.push(rate);
        self.server.extend(server);
        Ok(())
    }

    pub(super) const fn operation(&self) -> &'static str {
        self.operation
    }

    /// Operations a second.
    pub(super) fn rates(&self) -> Result<Quantiles> {
        Quantiles::of(self.rounds.clone()).context("no rounds")
    }

    /// Returns the server's processor time for each operation, in seconds.
    pub(super) fn server(&self) -> Result<Quantiles> {
        Quantiles::of(self.server.clone()).context("the worker does not tell what the server took")
    }

    /// Measures all workers concurrently. Returns the operations per second, by the slowest worker, and the
    /// server's time for each operation.
    fn measure(&self, workers: &mut [Worker]) -> Result<(f64, Option<f64>)> {
        let (operation, iterations) = (self.operation, self.iterations);
        let count = f64::from(iterations) * workers.len() as f64;
        let taken = thread::scope(|scope| {
            let running: Vec<_> = workers
                .iter_mut()
                .map(|worker| scope.spawn(move || worker.measure(operation, iterations)))
                .collect();
            running
                .into_iter()
                .map(|worker| worker.join().map_err(|_| anyhow!("a thread panicked"))?)
                .collect::<Result<Vec<IterationTimes>>>()
        })
        .with_context(|| format!("{operation} cannot be measured"))?;
        let slowest = taken.iter().map(|timed| timed.elapsed.as_secs_f64());
        let server: Option<f64> = taken
            .iter()
            .map(|timed| timed.server.map(|server| server.as_secs_f64()))
            .sum();
        Ok((
            count / slowest.fold(0.0, f64::max),
            server.map(|server| server / count),
        ))
    }
}
