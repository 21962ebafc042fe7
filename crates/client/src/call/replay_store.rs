//! Counters of received messages, beyond the life of a process.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, PoisonError},
};

use anteroom_protocol::RoomId;
use sha2::{Digest as _, Sha256};

use super::{DemuxId, EraId};

const LABEL: &[u8] = b"Anteroom_20261126_ReceivedMessages_EraMark";
const MARK_LENGTH: usize = 16;

/// The name of an era of a room in a [`ReplayStore`]: a hash that tells neither of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EraMark([u8; MARK_LENGTH]);

impl EraMark {
    /// A mark of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; MARK_LENGTH]) -> Self {
        Self(bytes)
    }

    pub(crate) fn of(room: &RoomId, era: EraId) -> Self {
        let hash = Sha256::new()
            .chain_update(LABEL)
            .chain_update(room.as_bytes())
            .chain_update(era.as_bytes())
            .finalize();
        let mut mark = [0; MARK_LENGTH];
        mark.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
        Self(mark)
    }
}

impl fmt::Display for EraMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The highest counter that was received of each of some senders.
pub type ReceivedCounters = Vec<(DemuxId, u64)>;

/// Keeps the counters of eras, so that a later process of the same user takes no message again.
///
/// Called on a thread that may block. A call raises the counters of its era one time after the other.
pub trait ReplayStore: Send + Sync {
    /// The counters of an era; none for one that is not known.
    ///
    /// # Errors
    /// The counters cannot be read: nobody joins then.
    fn load(&self, era: &EraMark) -> Result<ReceivedCounters, ReplayStoreError>;

    /// Raises the counters of an era to these. Those that are higher already stay. A store that
    /// cannot keep them tells its user so: the call goes on.
    fn raise(&self, era: &EraMark, counters: &[(DemuxId, u64)]);
}

/// The caller's [`ReplayStore`] failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the record of received messages cannot be used: {0}")]
pub struct ReplayStoreError(String);

impl ReplayStoreError {
    /// A failure described in words.
    #[must_use]
    pub fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

/// A store that lives as long as the process: for programs that make several clients.
#[derive(Debug, Default)]
pub struct MemoryReplays(Mutex<HashMap<EraMark, HashMap<DemuxId, u64>>>);

impl ReplayStore for MemoryReplays {
    fn load(&self, era: &EraMark) -> Result<ReceivedCounters, ReplayStoreError> {
        let eras = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counters = eras.get(era).into_iter().flatten();
        Ok(counters
            .map(|(sender, counter)| (*sender, *counter))
            .collect())
    }

    fn raise(&self, era: &EraMark, counters: &[(DemuxId, u64)]) {
        let mut eras = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = eras.entry(*era).or_default();
        for (sender, counter) in counters {
            let last = known.entry(*sender).or_default();
            *last = (*last).max(*counter);
        }
    }
}
