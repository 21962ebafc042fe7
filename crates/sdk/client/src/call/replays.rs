//! Reads of the store of replays, which may block.

use anteroom_protocol::RoomId;
use tokio::task::spawn_blocking;

use crate::{EraId, ReplayMemory, ReplayStoreError, SenderCounters};

/// Returns the counters of an era of a room, on a thread that may block.
///
/// # Errors
/// The store cannot be read.
pub(super) async fn read(
    memory: &ReplayMemory,
    room: RoomId,
    era: EraId,
) -> Result<SenderCounters, ReplayStoreError> {
    let memory = memory.clone();
    let read = spawn_blocking(move || memory.of(room, era)).await;
    read.unwrap_or_else(|_| Err(ReplayStoreError::new("reading it was broken off")))
}
