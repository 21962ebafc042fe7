//! The pre-shared key of an era, which every commit of its groups has.

use anteroom_protocol::{EraId, RootKey, redacted_debug};
use zeroize::Zeroizing;

use super::derive_for_era;
use crate::labels;

/// The external PSK (RFC 9420, section 8.4) of the groups of an era: 32 bytes that every holder of the link
/// derives, and neither service. Wiped on drop.
#[derive(Clone)]
pub struct EraPsk {
    era: EraId,
    value: Zeroizing<[u8; 32]>,
}

redacted_debug!(EraPsk);

impl EraPsk {
    /// Derives the value: HKDF-SHA256, salt = era id, ikm = the 16 bytes of `crn`.
    #[must_use]
    pub fn derive(root_key: &RootKey, era: EraId) -> Self {
        let value = derive_for_era(era, root_key, labels::ERA_PSK);
        Self { era, value }
    }

    /// Returns the era.
    #[must_use]
    pub const fn era(&self) -> EraId {
        self.era
    }

    /// Returns the value.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.value
    }

    /// Returns the id by which commits name the PSK of an era: label, then the 16 bytes of the era id.
    #[must_use]
    pub fn id(era: EraId) -> Vec<u8> {
        [labels::ERA_PSK_ID, era.as_bytes()].concat()
    }
}
