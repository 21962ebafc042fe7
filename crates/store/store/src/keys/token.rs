//! The keys that sign access tokens.

use std::fmt;

use anteroom_protocol::Timestamp;

use super::{KeyId, mac::HashKey};

/// The seed of an Ed25519 key, with its id and time of creation.
///
/// The newest key signs. An older one verifies its tokens until they expire; it signed last at the
/// `created` of the next newer key.
pub struct TokenKey {
    id: KeyId,
    created: Timestamp,
    seed: HashKey,
}

impl TokenKey {
    pub(super) const fn new(id: KeyId, created: Timestamp, seed: HashKey) -> Self {
        Self { id, created, seed }
    }

    /// Returns the number of the key within its database.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// Returns the time at which the key was created.
    #[must_use]
    pub const fn created(&self) -> Timestamp {
        self.created
    }

    /// Returns the seed: 32 secret bytes.
    #[must_use]
    pub fn seed(&self) -> &[u8; 32] {
        &self.seed
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenKey")
            .field("id", &self.id)
            .field("created", &self.created)
            .finish_non_exhaustive()
    }
}
