//! The signature of the admin key over a member key, 64 bytes.

use anteroom_protocol::{EraId, RoomId, VerifyError, redacted_debug};

use crate::{
    AdminKey, AdminPublicKey, MemberPublicKey,
    keys::{SignatureBytes, SigningRole as _, VerifyingRole as _},
    labels,
};

/// The signature of the admin key over the member key of an admin, for one era. `Debug` shows nothing of it.
///
/// Message: `room id (32) || era id (16) || member key (32)`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AdminSignature(SignatureBytes);

redacted_debug!(AdminSignature);

impl AdminSignature {
    /// Creates a signature from its 64 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// Returns the 64 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }

    /// Signs an admin's own member key.
    #[must_use]
    pub fn sign(admin: &AdminKey, room: &RoomId, era: EraId, member_key: &MemberPublicKey) -> Self {
        let message = Self::message(room, era, member_key);
        Self(admin.sign(labels::ADMIN_SIGNATURE, &message))
    }

    /// Verifies the signature under the admin key of the link.
    ///
    /// # Errors
    /// The signature does not hold.
    pub fn verify(
        &self,
        admin: &AdminPublicKey,
        room: &RoomId,
        era: EraId,
        member_key: &MemberPublicKey,
    ) -> Result<(), VerifyError> {
        let message = Self::message(room, era, member_key);
        admin.verify(labels::ADMIN_SIGNATURE, &message, &self.0)
    }

    fn message(room: &RoomId, era: EraId, member_key: &MemberPublicKey) -> Vec<u8> {
        [room.as_bytes(), &era.as_bytes()[..], member_key.as_bytes()].concat()
    }
}
