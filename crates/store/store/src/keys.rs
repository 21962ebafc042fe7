//! The keys of a database, and their use.
//!
//! ```text
//! master key (outside the database)
//!   ├─ HKDF-SHA256 ─▶ key check: tells a wrong master key from a damaged database
//!   └─ HKDF-SHA256 ─▶ wrapping key ─▶ wraps, each under its purpose and id:
//!        data keys      seal columns          the first writes, all open
//!        index key      blind indexes
//!        password key   hashes of device passwords and tokens, of admin passkeys
//!        event keys     pseudonyms in events  the first is in use
//!        token keys     sign access tokens    the first signs, all verify
//! ```
//!
//! "First" is the highest id, so that a rotation adds one row. The index key and the password key
//! last as long as their database: the values that they hash are not stored, so that they cannot be
//! hashed again.
//!
//! A reader of a database first checks whether it has a newer key ([`Keyring::newest`]), because
//! another process may have created one. Every derivation and every wrapped key is bound to a
//! [`KeyOwner`]: the keys of one service are useless in the database of another, even under the
//! same master key.

mod database;
mod error;
mod hashes;
mod keyring;
mod login;
mod mac;
mod master;
mod rooms;
mod sealer;
mod storage;
mod stored;
mod token;
mod wrapping;

pub use self::{
    database::{KeyDatabase, KeyEntry, ResealCursor, ResealStep, SealedValues},
    error::{KeyError, SealError},
    hashes::{BlindIndex, PasskeyHash, PasswordHash},
    keyring::Keyring,
    master::MasterKey,
    rooms::RoomsStorageKeys,
    sealer::{Column, SealedValue, Sealer},
    storage::{DevicePassword, EventKey, StorageKeys},
    stored::{KeyCheck, KeyId, KeyOwner, KeyPurpose, StoredKeys, WrappedKey},
    token::TokenKey,
};
