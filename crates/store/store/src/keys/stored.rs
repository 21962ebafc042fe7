//! The stored form of a database's keys.

use anteroom_protocol::Timestamp;
use subtle::ConstantTimeEq;

use crate::stored_words::stored_words;

/// The service that a database and its keys belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyOwner {
    /// The issuer's.
    Issuer,
    /// The room service's.
    Rooms,
}

impl KeyOwner {
    /// Returns the purposes of the keys of such a database.
    #[must_use]
    pub const fn purposes(self) -> &'static [KeyPurpose] {
        match self {
            Self::Issuer => &[
                KeyPurpose::Data,
                KeyPurpose::Index,
                KeyPurpose::Password,
                KeyPurpose::Event,
                KeyPurpose::Token,
            ],
            Self::Rooms => &[
                KeyPurpose::Data,
                KeyPurpose::Index,
                KeyPurpose::Password,
                KeyPurpose::Event,
            ],
        }
    }

    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Issuer => "issuer",
            Self::Rooms => "rooms",
        }
    }
}

/// The number of a key within its database. Newer keys have higher numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(u32);

impl KeyId {
    /// Creates the id from its number.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// Returns the number.
    #[must_use]
    pub const fn as_u32(self) -> u32 {
        self.0
    }

    /// Returns the id of the next key; `None` after the highest number.
    #[must_use]
    pub const fn next(self) -> Option<Self> {
        match self.0.checked_add(1) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }
}

/// The purpose of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyPurpose {
    /// Sealing of columns.
    Data,
    /// Blind indexes.
    Index,
    /// Hashes of device passwords, or of admin passkeys.
    Password,
    /// Pseudonyms in events.
    Event,
    /// Signatures of access tokens, in the issuer's database only.
    Token,
}

stored_words!(KeyPurpose {
    Data = "data",
    Index = "index",
    Password = "password",
    Event = "event",
    Token = "token",
});

impl KeyPurpose {
    /// Returns whether a newer key of this purpose can replace the current one.
    ///
    /// Keys of hashes cannot be replaced: the hashed values are not stored, so that they cannot be
    /// hashed again.
    #[must_use]
    pub const fn rotates(self) -> bool {
        match self {
            Self::Data | Self::Event | Self::Token => true,
            Self::Index | Self::Password => false,
        }
    }
}

/// The check that tells whether a master key belongs to a database: `salt (16) || check (32)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyCheck([u8; 48]);

impl KeyCheck {
    /// Creates the check from stored bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 48]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 48] {
        &self.0
    }

    pub(super) fn new(salt: &[u8; 16], check: &[u8; 32]) -> Self {
        let mut bytes = [0; 48];
        for (to, from) in bytes.iter_mut().zip(salt.iter().chain(check)) {
            *to = *from;
        }
        Self(bytes)
    }

    pub(super) fn salt(&self) -> Option<&[u8; 16]> {
        self.0.first_chunk()
    }

    pub(super) fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

/// A wrapped key, as a database stores it.
#[derive(Clone, Debug)]
pub struct WrappedKey {
    /// The id of the key.
    pub id: KeyId,
    /// The purpose of the key.
    pub purpose: KeyPurpose,
    /// The time at which the key was created.
    pub created: Timestamp,
    /// The key, sealed under the wrapping key.
    pub wrapped: Vec<u8>,
}

/// The stored keys of a database, except those that were deleted.
#[derive(Clone, Debug)]
pub struct StoredKeys {
    /// The check of the master key.
    pub check: KeyCheck,
    /// The keys, in any order.
    pub keys: Vec<WrappedKey>,
}
