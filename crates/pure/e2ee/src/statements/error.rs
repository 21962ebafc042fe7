//! The reasons for which a statement does not count.

/// The reason for which a statement does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StatementError {
    /// The bytes are no statement of the expected kind, or longer than the kind allows.
    #[error("it is malformed")]
    Malformed,
    /// A field has a value that its kind forbids, so that the statement cannot be signed.
    #[error("it says something that a statement of its kind cannot say")]
    Forbidden,
    /// It is about another room.
    #[error("it is about another room")]
    OtherRoom,
    /// Its signer is neither the admin nor a co-admin who may sign its kind in this era.
    #[error("its signer may not sign it")]
    Unauthorized,
    /// The signature does not hold.
    #[error("its signature does not hold")]
    Signature,
}
