//! The admin secret of a room, with the passkey and the admin key that come from it.

use anteroom_protocol::{AdminPasskey, LinkAdminKey, RoomId};
use ed25519_dalek::SigningKey;

use super::{derive_for_room, public_key::key_pair, secret::stored_secret};
use crate::labels;

stored_secret!(
    /// The secret of the admins of a room: 32 random bytes. It is given to co-admins as such and to no
    /// service. Wiped on drop.
    ///
    /// A holder of the passkey alone administers the room at the room service and signs nothing.
    pub struct AdminSecret;
);

impl AdminSecret {
    /// Derives the passkey of a room, 16 bytes.
    #[must_use]
    pub fn passkey(&self, room: &RoomId) -> AdminPasskey {
        AdminPasskey::from_bytes(*derive_for_room(room, &self.0, labels::ADMIN_PASSKEY))
    }

    /// Derives the admin key of a room.
    #[must_use]
    pub fn admin_key(&self, room: &RoomId) -> AdminKey {
        let seed = derive_for_room(room, &self.0, labels::ADMIN_KEY);
        AdminKey(SigningKey::from_bytes(&seed))
    }
}

key_pair!(
    /// The key that signs the statements of a room's admins. Wiped on drop.
    AdminKey,
    /// The public half of an [`AdminKey`]. It stands in the link as `admin`, in unpadded base64url.
    AdminPublicKey
);

impl AdminPublicKey {
    /// Returns the key as a link names it.
    #[must_use]
    pub fn named(&self) -> LinkAdminKey {
        LinkAdminKey::from_bytes(*self.as_bytes())
    }
}
