//! Why keys are refused.

use super::KeyPurpose;

/// The master key and the keys of a database do not go together.
///
/// Each of these but the last is a reason not to start: nothing is ever made anew over old data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text is not a master key.
    #[error("the master key is malformed: it is the base64 text of 32 bytes")]
    MalformedMasterKey,
    /// The database belongs to another master key.
    #[error("the master key is not the one this database was made with")]
    WrongMasterKey,
    /// The database holds data, but not the keys to it.
    #[error("the database holds data, but its keys are missing")]
    KeysMissing,
    /// The master key is right, but a key wrapped by it was damaged or replaced.
    #[error("a wrapped key of the database is damaged")]
    DamagedKeys,
    /// Keys of this purpose are not replaced by newer ones.
    #[error("{} keys stay as long as their database", .0.as_str())]
    NotRotated(KeyPurpose),
}

/// A sealed value cannot be opened; nothing says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a sealed value cannot be opened")]
pub struct SealError;
