//! Zero-knowledge work, away from the async threads.

use std::{num::NonZeroUsize, sync::Arc};

use tokio::sync::Semaphore;

use crate::{Problem, problems};

/// As many computations at a time as there are cores; the others wait in turn.
#[derive(Debug)]
pub struct Workers(Arc<Semaphore>);

impl Workers {
    /// So many at a time.
    #[must_use]
    pub fn new(cores: NonZeroUsize) -> Self {
        Self(Arc::new(Semaphore::new(cores.get())))
    }

    /// Computes on a thread that may block.
    ///
    /// A caller that goes away while it waits gives up its turn; work that has begun is finished
    /// and holds its place until then.
    ///
    /// # Errors
    /// 500 when the computation panicked.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let turn = Arc::clone(&self.0).acquire_owned().await;
        let result = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        result.await.map_err(|_| {
            tracing::error!("a computation panicked or was cut off");
            Problem::new(&problems::INTERNAL)
        })
    }
}
