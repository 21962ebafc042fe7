//! Signatures over a member key alone, 64 bytes each.

use anteroom_protocol::{EraId, OpaqueUserId, RoomId, VerifyError, redacted_debug};

use crate::{
    AdminKey, AdminPublicKey, MemberKey, MemberPublicKey,
    encoding::Writer,
    keys::{SignatureBytes, SigningRole as _, VerifyingRole as _},
    labels,
};

/// Defines a signature of 64 bytes. `Debug` shows nothing of it.
macro_rules! signature {
    ($(#[$doc:meta])* pub struct $name:ident;) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq)]
        pub struct $name(SignatureBytes);

        impl $name {
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
        }

        redacted_debug!($name);
    };
}

signature!(
    /// The signature of an approved member key over the member key of another device of the same user.
    ///
    /// Message: `room id (32) || user || member key of the other device (32)`.
    pub struct CrossSignature;
);

impl CrossSignature {
    /// Signs the member key of another device.
    #[must_use]
    pub fn sign(
        approved: &MemberKey,
        room: &RoomId,
        user: &OpaqueUserId,
        other: &MemberPublicKey,
    ) -> Self {
        let message = Self::message(room, user, other);
        Self(approved.sign(labels::CROSS_SIGNATURE, &message))
    }

    /// Verifies the signature under the approved member key.
    ///
    /// # Errors
    /// The signature does not hold.
    pub fn verify(
        &self,
        approved: &MemberPublicKey,
        room: &RoomId,
        user: &OpaqueUserId,
        other: &MemberPublicKey,
    ) -> Result<(), VerifyError> {
        let message = Self::message(room, user, other);
        approved.verify(labels::CROSS_SIGNATURE, &message, &self.0)
    }

    fn message(room: &RoomId, user: &OpaqueUserId, other: &MemberPublicKey) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.fixed(room.as_bytes());
        writer.user(user);
        writer.key(other);
        writer.finish()
    }
}

signature!(
    /// The signature of the admin key over the member key of an admin, for one era.
    ///
    /// Message: `room id (32) || era id (16) || member key (32)`.
    pub struct AdminSignature;
);

impl AdminSignature {
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
