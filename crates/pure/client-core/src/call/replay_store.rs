//! Storage for the counters of received messages beyond the life of a process.

use std::{collections::HashMap, fmt};

use anteroom_protocol::{DemuxId, EraId, RoomId};
use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};

const LABEL: &[u8] = b"Anteroom_20261126_ReceivedMessages_EraMark";
const MARK_LENGTH: usize = 16;

/// The key of a room's era in a [`ReplayStore`]: a hash that reveals neither the room nor the era.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EraMark([u8; MARK_LENGTH]);

impl EraMark {
    /// Creates a mark from its bytes.
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

/// Senders, each with the highest counter that was received from it.
pub type ReceivedCounters = Vec<(DemuxId, u64)>;

/// Stores the counters of eras, so that a later process of the same user accepts no message a second time.
///
/// The methods run on a thread of the async runtime: they may take as long as writing a small file.
pub trait ReplayStore: Send + Sync {
    /// Returns the counters of an era; an empty list for an unknown era.
    ///
    /// # Errors
    /// The counters cannot be read. The join fails then.
    fn load(&self, era: &EraMark) -> Result<ReceivedCounters, ReplayStoreError>;

    /// Raises the counters of an era to these values. Stored counters that are higher stay as they are.
    /// Returns no error: a store that cannot write reports that to its user itself, and the call continues.
    fn raise(&self, era: &EraMark, counters: &[(DemuxId, u64)]);
}

/// The error of the caller's [`ReplayStore`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the record of received messages cannot be used: {0}")]
pub struct ReplayStoreError(String);

impl ReplayStoreError {
    /// Creates an error with a description.
    #[must_use]
    pub fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

/// A store that ends with the process, for programs that create several clients.
#[derive(Debug, Default)]
pub struct MemoryReplays(Mutex<HashMap<EraMark, HashMap<DemuxId, u64>>>);

impl ReplayStore for MemoryReplays {
    fn load(&self, era: &EraMark) -> Result<ReceivedCounters, ReplayStoreError> {
        let eras = self.0.lock();
        let counters = eras.get(era).into_iter().flatten();
        Ok(counters
            .map(|(sender, counter)| (*sender, *counter))
            .collect())
    }

    fn raise(&self, era: &EraMark, counters: &[(DemuxId, u64)]) {
        let mut eras = self.0.lock();
        let known = eras.entry(*era).or_default();
        for (sender, counter) in counters {
            let last = known.entry(*sender).or_default();
            *last = (*last).max(*counter);
        }
    }
}
