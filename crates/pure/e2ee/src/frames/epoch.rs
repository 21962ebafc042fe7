//! Base keys of epochs.

use anteroom_protocol::{GroupEpoch, redacted_debug};
use zeroize::Zeroizing;

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
