//! The mark of errors that time or a restore may end.

/// The error context of a service that cannot use its database.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the service cannot work with its database")]
pub struct DatabaseFailure;
