//! Keys that access tokens are signed with.

use std::fmt;

use anteroom_protocol::Timestamp;

use super::{KeyId, mac::HashKey};

/// The seed of an Ed25519 key, with what tells it from older and newer ones.
///
/// The newest signs. An older one verifies what it has signed, until that has run out; `created` of
/// the next newer key says when it signed last.
pub struct TokenKey {
    id: KeyId,
    created: Timestamp,
    seed: HashKey,
}

impl TokenKey {
    pub(super) const fn new(id: KeyId, created: Timestamp, seed: HashKey) -> Self {
        Self { id, created, seed }
    }

    /// Its number within its database.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// When it was made.
    #[must_use]
    pub const fn created(&self) -> Timestamp {
        self.created
    }

    /// The seed: 32 secret bytes.
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
