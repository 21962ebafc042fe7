//! Epochs of groups, and their base keys.

use anteroom_protocol::redacted_debug;
use zeroize::Zeroizing;

/// An epoch: the number of the group in its era, then the epoch of the group. Later ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupEpoch {
    /// The number of the group: the service counts the groups of an era.
    pub group: u32,
    /// The epoch of the group: each commit makes the next one.
    pub epoch: u64,
}

/// The base key of an epoch: `MLS-Exporter("SFrame 1.0 Base Key", "", 16)`. Wiped on drop.
#[derive(Clone)]
pub struct EpochKey {
    epoch: GroupEpoch,
    base_key: Zeroizing<[u8; 16]>,
}

redacted_debug!(EpochKey);

impl EpochKey {
    /// Creates the key of an epoch.
    #[must_use]
    pub const fn new(epoch: GroupEpoch, base_key: Zeroizing<[u8; 16]>) -> Self {
        Self { epoch, base_key }
    }

    /// Returns the epoch.
    #[must_use]
    pub const fn epoch(&self) -> GroupEpoch {
        self.epoch
    }

    /// Returns the base key.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.base_key
    }
}
