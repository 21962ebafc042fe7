//! Base keys of epochs.

use anteroom_protocol::{EraId, GroupEpoch, redacted_debug};
use zeroize::Zeroizing;

/// The epoch is not later than the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the epoch is not later than the last one")]
pub struct OldEpoch;

/// The base key of an epoch: `MLS-Exporter("SFrame 1.0 Base Key", "", 16)`. Wiped on drop.
#[derive(Clone)]
pub struct EpochKey {
    era: EraId,
    epoch: GroupEpoch,
    base_key: Zeroizing<[u8; 16]>,
}

redacted_debug!(EpochKey);

impl EpochKey {
    /// Creates the key of an epoch.
    #[must_use]
    pub const fn new(era: EraId, epoch: GroupEpoch, base_key: Zeroizing<[u8; 16]>) -> Self {
        Self {
            era,
            epoch,
            base_key,
        }
    }

    /// Returns the era.
    #[must_use]
    pub const fn era(&self) -> EraId {
        self.era
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
