//! The counters of received messages, between the call and the store of replays.

use tokio::task::spawn_blocking;

use super::Driver;
use crate::{EraId, ReplayStoreError, SenderCounters};

impl Driver {
    /// Returns the counters that earlier sessions in the era have received, on a thread that may block.
    pub(super) async fn stored_counters(
        &mut self,
        era: EraId,
    ) -> Result<SenderCounters, ReplayStoreError> {
        let (memory, room) = (self.client.replays.clone(), self.participation.room());
        let read = spawn_blocking(move || memory.of(room, era)).await;
        read.unwrap_or_else(|_| Err(ReplayStoreError::new("reading it was broken off")))
    }

    /// Starts to let the store of replays know of what was received. What is received during a write
    /// is for the next one.
    pub(super) fn store_counters(&mut self) {
        let Some((era, counters)) = self.participation.unstored_counters() else {
            return;
        };
        if self.counter_writer.is_busy() {
            return;
        }
        let room = self.participation.room();
        if let Some(write) = self.client.replays.write(room, era, counters) {
            self.counter_writer.start(write);
        }
        self.participation.mark_stored();
    }

    /// Returns when the store of replays knows of all that was received.
    pub(super) async fn store_all_counters(&mut self) {
        self.counter_writer.finish().await;
        self.store_counters();
        self.counter_writer.finish().await;
    }
}
