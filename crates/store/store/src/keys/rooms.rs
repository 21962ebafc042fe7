//! The keyed hashes of the room service.

use std::sync::Arc;

use anteroom_protocol::{CallLinkPublicParams, UidCiphertext};

use super::{BlindIndex, EventKey, Keyring, PasskeyHash, StorageKeys};
use crate::{
    call_link::{OpaqueRoomId, UserId},
    call_record::CallKey,
    opaque_debug::opaque_debug,
    sealed::columns,
};

const PASSKEY_LABEL: &str = "anteroom admin passkey v1";

/// The room service's part of the keys: for rooms, users and passkeys, never for accounts.
#[derive(Clone)]
pub struct RoomsStorageKeys(Arc<StorageKeys>);

impl RoomsStorageKeys {
    /// Returns the room service's part of a keyring.
    #[must_use]
    pub fn of(keyring: &Keyring) -> Self {
        Self(Arc::clone(keyring.storage()))
    }

    /// Returns the index under which a room's link is found. It also names the room where the id
    /// must not appear, such as in the key of a cache or of a rate limit.
    #[must_use]
    pub fn room_index(&self, room: &OpaqueRoomId) -> BlindIndex {
        self.0
            .blind_index(columns::CALL_LINK_INDEX, room.as_str().as_bytes())
    }

    /// Returns the index under which a link's public params are found.
    #[must_use]
    pub fn zkparams_index(&self, zkparams: &CallLinkPublicParams) -> BlindIndex {
        self.0
            .blind_index(columns::CALL_LINK_ZKPARAMS_INDEX, &zkparams.to_bytes())
    }

    /// Returns the index under which a room's call is found.
    #[must_use]
    pub fn call_index(&self, key: &CallKey) -> BlindIndex {
        self.0
            .blind_index(columns::CALL_INDEX, key.to_text().as_bytes())
    }

    /// Returns the index under which a user is found in one room. The same user has another index
    /// in another room.
    ///
    /// Ids that name the same user ([`UidCiphertext::user_digits`]) have the same index.
    #[must_use]
    pub fn user_index(&self, room: &OpaqueRoomId, user: &UserId) -> BlindIndex {
        let value = [
            self.room_index(room).as_bytes().as_slice(),
            UidCiphertext::user_digits(user.as_str()).as_bytes(),
        ]
        .concat();
        self.0.blind_index(columns::APPROVAL_USER_INDEX, &value)
    }

    /// Returns the hash of an admin passkey for one room.
    ///
    /// A fast hash is sufficient, because passkeys are random and cannot be guessed. The hash
    /// includes the room, so that a stored hash is useless in another row. Compare with
    /// [`PasskeyHash::matches`].
    #[must_use]
    pub fn passkey_hash(&self, room: &OpaqueRoomId, passkey: &[u8]) -> PasskeyHash {
        PasskeyHash::from_bytes(
            self.0
                .secret_hash(PASSKEY_LABEL, &[room.as_str().as_bytes(), passkey]),
        )
    }

    /// Returns the key of pseudonyms in events.
    #[must_use]
    pub fn event_key(&self) -> &EventKey {
        self.0.event_key()
    }
}

opaque_debug!(RoomsStorageKeys);
