//! How the keys of a database stand in it.

use anteroom_protocol::Timestamp;
use subtle::ConstantTimeEq;

/// Whose database the keys are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Realm {
    /// The issuer's.
    Issuer,
    /// The room service's.
    Rooms,
}

impl Realm {
    /// What there are keys for in such a database.
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

/// The number of a key within its database; newer keys have higher ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(u32);

impl KeyId {
    /// From its number.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn as_u32(self) -> u32 {
        self.0
    }

    /// The id of the key that is made after this one; `None` at the end of all numbers.
    #[must_use]
    pub const fn next(self) -> Option<Self> {
        match self.0.checked_add(1) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }
}

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyPurpose {
    /// Sealing columns.
    Data,
    /// Blind indexes.
    Index,
    /// Hashes of device passwords, or of admin passkeys.
    Password,
    /// Pseudonyms in events.
    Event,
    /// Signing access tokens: the issuer's alone.
    Token,
}

impl KeyPurpose {
    const ALL: [Self; 5] = [
        Self::Data,
        Self::Index,
        Self::Password,
        Self::Event,
        Self::Token,
    ];

    /// The word a database stores.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Index => "index",
            Self::Password => "password",
            Self::Event => "event",
            Self::Token => "token",
        }
    }

    /// The purpose of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|purpose| purpose.as_str() == word)
    }

    /// Whether a newer key of this purpose can take over.
    ///
    /// Not so for keyed hashes: what is hashed is not stored, so it cannot be hashed anew.
    #[must_use]
    pub const fn rotates(self) -> bool {
        match self {
            Self::Data | Self::Event | Self::Token => true,
            Self::Index | Self::Password => false,
        }
    }
}

/// What tells whether a master key is the one of a database: `salt (16) || check (32)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyCheck([u8; 48]);

impl KeyCheck {
    /// From stored bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 48]) -> Self {
        Self(bytes)
    }

    /// The bytes.
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

/// A key as it stands in a database.
#[derive(Clone, Debug)]
pub struct WrappedKey {
    /// Its id.
    pub id: KeyId,
    /// What it is for.
    pub purpose: KeyPurpose,
    /// When it was made.
    pub created: Timestamp,
    /// The key, sealed under the wrapping key.
    pub wrapped: Vec<u8>,
}

/// All that a database holds of its keys, but for retired ones, of which nothing is left.
#[derive(Clone, Debug)]
pub struct StoredKeys {
    /// The check of the master key.
    pub check: KeyCheck,
    /// The keys, in any order.
    pub keys: Vec<WrappedKey>,
}
