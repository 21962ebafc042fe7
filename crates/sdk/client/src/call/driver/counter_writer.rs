//! Writes of received counters to the store of replays, beside the call.

use tokio::task::{JoinHandle, spawn_blocking};

/// One write at a time, on a thread that may block: a slow disk delays neither the call nor others of
/// the runtime, and a later write never overtakes an earlier one.
#[derive(Default)]
pub(super) struct CounterWriter {
    last: Option<JoinHandle<()>>,
}

impl CounterWriter {
    /// Whether a write is on.
    pub(super) fn is_busy(&self) -> bool {
        let last = self.last.as_ref();
        last.is_some_and(|last| !last.is_finished())
    }

    /// Starts a write. None may be on.
    pub(super) fn start(&mut self, write: impl FnOnce() + Send + 'static) {
        self.last = Some(spawn_blocking(write));
    }

    /// Waits until the last write is done.
    pub(super) async fn finish(&mut self) {
        if let Some(last) = &mut self.last {
            // A store tells its user itself when it cannot write.
            let _ = last.await;
            self.last = None;
        }
    }
}
