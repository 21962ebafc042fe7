//! Zero-knowledge computations on threads that may block.

use std::num::NonZeroUsize;

use tracing::Span;

use crate::{FairPermits, LimitKey, QueueFull, Share};

/// The limits of the computations of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkLimits {
    /// The maximum number of waiting computations.
    pub waiting: NonZeroUsize,
    /// The maximum number of waiting computations of the same caller.
    pub waiting_per_caller: NonZeroUsize,
}

impl Default for WorkLimits {
    fn default() -> Self {
        Self {
            waiting: const { NonZeroUsize::new(512).unwrap() },
            waiting_per_caller: const { NonZeroUsize::new(16).unwrap() },
        }
    }
}

/// Runs as many computations at the same time as there are cores. The waiting callers take turns.
#[derive(Debug)]
pub struct Workers {
    permits: FairPermits<LimitKey>,
    waiting_per_caller: usize,
}

/// The reason why a computation has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WorkError {
    /// Too many computations of the same caller are waiting.
    #[error("too many computations of one caller wait")]
    CallerLimited,
    /// Too many computations are waiting.
    #[error("too many computations wait")]
    Overloaded,
    /// The computation panicked.
    #[error("a computation panicked or was cut off")]
    Panicked,
}

impl Workers {
    /// Creates workers for `cores` computations at the same time.
    #[must_use]
    pub fn new(cores: NonZeroUsize, limits: WorkLimits) -> Self {
        Self {
            permits: FairPermits::new(cores, limits.waiting.get()),
            waiting_per_caller: limits.waiting_per_caller.get(),
        }
    }

    /// Computes for this caller on a thread that may block, once a permit is free.
    ///
    /// A caller that is cancelled while it waits leaves the queue. A computation that has started
    /// runs to its end and holds its permit until then.
    pub async fn run<T: Send + 'static>(
        &self,
        caller: LimitKey,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, WorkError> {
        let share = Share {
            key: caller,
            most: self.waiting_per_caller,
        };
        let permit = self.permits.acquire(&[share]).await;
        let permit = permit.map_err(|full| match full {
            QueueFull::Share => WorkError::CallerLimited,
            QueueFull::Queue => WorkError::Overloaded,
        })?;
        let span = Span::current();
        let result = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            span.in_scope(work)
        });
        result.await.map_err(|_| {
            tracing::error!("a computation panicked or was cut off");
            WorkError::Panicked
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex, mpsc};

    use anteroom_protocol::Aci;
    use futures::{future::join_all, poll};
    use zeroize::Zeroizing;

    use super::*;
    use crate::Pseudonymizer;

    fn caller(byte: u8) -> LimitKey {
        Pseudonymizer::new(Zeroizing::new([0; 32])).limit_key("test", &Aci::from_bytes([byte; 16]))
    }

    /// Creates one worker that is busy until a message is sent.
    async fn busy(limits: WorkLimits) -> (Arc<Workers>, mpsc::Sender<()>) {
        let workers = Arc::new(Workers::new(NonZeroUsize::MIN, limits));
        let (go, gate) = mpsc::channel();
        let running = Arc::clone(&workers);
        tokio::spawn(async move { running.run(caller(0), move || gate.recv()).await });
        while workers.permits.free() > 0 {
            tokio::task::yield_now().await;
        }
        (workers, go)
    }

    #[tokio::test]
    async fn one_callers_work_does_not_delay_another_callers() {
        let (workers, go) = busy(WorkLimits::default()).await;
        let done = Arc::new(Mutex::new(Vec::new()));
        let run = |number, by| {
            let done = Arc::clone(&done);
            workers.run(caller(by), move || done.lock().unwrap().push(number))
        };
        let mut waiting = Box::pin(join_all((0..10).map(|number| run(number, 1))));
        assert!(poll!(&mut waiting).is_pending());
        let mut other = Box::pin(run(10, 2));
        assert!(poll!(&mut other).is_pending());
        go.send(()).unwrap();
        let (waited, other) = tokio::join!(waiting, other);
        assert!(waited.into_iter().chain([other]).all(|done| done.is_ok()));
        let expected = [0, 10, 1, 2, 3, 4, 5, 6, 7, 8, 9];
        assert_eq!(*done.lock().unwrap(), expected);
    }

    #[tokio::test]
    async fn a_caller_for_whom_too_many_wait_is_told_so_and_others_are_not() {
        let (workers, go) = busy(WorkLimits {
            waiting: NonZeroUsize::new(3).unwrap(),
            waiting_per_caller: NonZeroUsize::new(2).unwrap(),
        })
        .await;
        let mut waiting: Vec<_> = [1, 1, 2]
            .map(|by| Box::pin(workers.run(caller(by), || ())))
            .into();
        for work in &mut waiting {
            assert!(poll!(work).is_pending());
        }
        let run = async |by| workers.run(caller(by), || ()).await;
        assert_eq!(run(1).await, Err(WorkError::CallerLimited));
        assert_eq!(run(3).await, Err(WorkError::Overloaded));
        go.send(()).unwrap();
        for done in join_all(waiting).await {
            assert_eq!(done, Ok(()));
        }
        assert_eq!(run(1).await, Ok(()));
    }

    #[tokio::test]
    async fn a_computation_that_panics_gives_its_permit_back() {
        let workers = Workers::new(NonZeroUsize::MIN, WorkLimits::default());
        let failed = workers.run(caller(1), || panic!("on purpose")).await;
        assert_eq!(failed, Err::<(), _>(WorkError::Panicked));
        assert_eq!(workers.run(caller(1), || 7).await, Ok(7));
    }
}
