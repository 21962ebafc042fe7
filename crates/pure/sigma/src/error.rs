//! The two errors of the protocol. Neither reveals its cause.

/// The bytes are no encoding of the expected type.
///
/// A wrong length, trailing bytes, an unknown version, a non-canonical scalar and an undecodable point are
/// the same error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed encoding")]
pub struct ParseError;

/// A proof, credential, presentation or token does not verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("verification failed")]
pub struct VerifyError;
