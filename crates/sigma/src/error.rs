//! The two errors of the protocol, which say nothing about their cause.

/// The bytes are not an encoding of the expected type.
///
/// Wrong length, trailing bytes, unknown version, a non-canonical scalar or an undecodable point:
/// all are this one error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed encoding")]
pub struct ParseError;

/// A proof, credential, presentation or token does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("verification failed")]
pub struct VerifyError;
