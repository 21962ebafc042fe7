//! The errors of keys.

use super::KeyPurpose;

/// The reason why a master key and the keys of a database are refused.
///
/// Each of these but the last is a reason not to start: no key is ever created over old data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text is not a master key.
    #[error("the master key is malformed: it is the base64 text of 32 bytes")]
    MalformedMasterKey,
    /// The database was created with another master key.
    #[error("the master key is not the one this database was made with")]
    WrongMasterKey,
    /// The database holds data, but not the keys for it.
    #[error("the database holds data, but its keys are missing")]
    KeysMissing,
    /// The master key is right, but a key that it wraps was damaged or replaced.
    #[error("a wrapped key of the database is damaged")]
    DamagedKeys,
    /// Keys of this purpose cannot be replaced by newer ones.
    #[error("{} keys stay as long as their database", .0.as_str())]
    NotRotated(KeyPurpose),
}

/// The error for a sealed value that cannot be unsealed. It gives no reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a sealed value cannot be opened")]
pub struct SealError;
