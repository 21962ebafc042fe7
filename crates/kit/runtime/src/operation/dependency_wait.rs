//! The waits of an operation for a dependency.
//!
//! A caller that disconnects drops the operation at any of its waits. [`dependency_wait`] marks the
//! operation if that happens in a wait of [`TROUBLE`] or longer: the dependency is in trouble, and
//! the service owes the caller an answer.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

/// The time without an answer after which a dependency counts as in trouble. It equals the target
/// for answers to logins and devices.
const TROUBLE: Duration = Duration::from_millis(500);

tokio::task_local! {
    static OPERATION: WaitMark;
}

/// Whether the caller of an operation disconnected while the operation waited for a dependency in
/// trouble. Clones share the mark.
#[derive(Clone, Debug, Default)]
pub(super) struct WaitMark(Arc<AtomicBool>);

impl WaitMark {
    /// Runs a part of the operation. Its waits set this mark.
    pub(super) async fn run<F: Future>(&self, part: F) -> F::Output {
        OPERATION.scope(self.clone(), part).await
    }

    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// A wait that marks its operation if it is dropped before its end.
struct UnfinishedWait {
    mark: Option<WaitMark>,
    started: Instant,
}

impl Drop for UnfinishedWait {
    fn drop(&mut self) {
        if let Some(mark) = self.mark.take()
            && self.started.elapsed() >= TROUBLE
        {
            mark.0.store(true, Ordering::Release);
        }
    }
}

/// Waits for the answer of a dependency. The operation counts as failed if its caller disconnects
/// while the answer is overdue.
pub async fn dependency_wait<F: Future>(answer: F) -> F::Output {
    let mut wait = UnfinishedWait {
        mark: OPERATION.try_with(WaitMark::clone).ok(),
        started: Instant::now(),
    };
    let answer = answer.await;
    wait.mark = None;
    answer
}
