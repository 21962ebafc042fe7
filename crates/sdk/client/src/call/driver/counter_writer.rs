//! Writes of received counters to the store of replays, beside the call.

use tokio::task::{JoinHandle, spawn_blocking};

use super::Driver;

/// One write at a time, on a thread that may block: a slow disk delays neither the call nor others of
/// the runtime, and a later write never overtakes an earlier one.
#[derive(Default)]
pub(super) struct CounterWriter {
    last: Option<JoinHandle<()>>,
}

impl CounterWriter {
    /// Whether a write is on.
    fn is_busy(&self) -> bool {
        let last = self.last.as_ref();
        last.is_some_and(|last| !last.is_finished())
    }

    /// Starts a write. None may be on.
    fn start(&mut self, write: impl FnOnce() + Send + 'static) {
        self.last = Some(spawn_blocking(write));
    }

    /// Waits until the last write is done.
    async fn finish(&mut self) {
        if let Some(last) = &mut self.last {
            // A store tells its user itself when it cannot write.
            let _ = last.await;
            self.last = None;
        }
    }
}

impl Driver {
    /// Starts to let the store of replays know of what was received. What is received during a write
    /// is for the next one.
    pub(super) fn store_counters(&mut self) {
        let Some(resume_state) = self.resume_state.as_ref().filter(|_| self.has_unstored) else {
            return;
        };
        if self.counter_writer.is_busy() {
            return;
        }
        let (room, counters) = (self.options.room.room_id(), resume_state.opener.counters());
        if let Some(write) = self.client.replays.write(room, resume_state.era, counters) {
            self.counter_writer.start(write);
        }
        self.has_unstored = false;
    }

    /// Returns when the store of replays knows of all that was received.
    pub(super) async fn store_all_counters(&mut self) {
        self.counter_writer.finish().await;
        self.store_counters();
        self.counter_writer.finish().await;
    }
}
