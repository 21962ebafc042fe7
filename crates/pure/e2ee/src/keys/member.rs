//! Member keys: one for each device and room.

use anteroom_protocol::RoomId;
use ed25519_dalek::SigningKey;

use super::{derive_for_room, public_key::key_pair, secret::stored_secret};
use crate::labels;

stored_secret!(
    /// The secret of a device, from which its member keys of all rooms come: 32 random bytes, stored sealed.
    /// Wiped on drop.
    pub struct DeviceSecret;
);

impl DeviceSecret {
    /// Derives the member key of a room. Keys of two rooms cannot be matched.
    #[must_use]
    pub fn member_key(&self, room: &RoomId) -> MemberKey {
        let seed = derive_for_room(room, &self.0, labels::MEMBER_KEY);
        MemberKey(SigningKey::from_bytes(&seed))
    }
}

key_pair!(
    /// The key of a device in a room: it signs the device's leaf and messages in groups. Wiped on drop.
    MemberKey,
    /// The public half of a [`MemberKey`]. A `join` names it.
    MemberPublicKey
);

impl MemberPublicKey {
    /// Returns the key as a join and its presentation name it: the presentation is of no use under another
    /// key.
    #[must_use]
    pub fn named(&self) -> anteroom_protocol::MemberKey {
        anteroom_protocol::MemberKey::from_bytes(*self.as_bytes())
    }
}
