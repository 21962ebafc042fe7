//! The reason why a request is not decided.

use super::{transactions::DatabaseFailure, verification::VerificationRefusal};

/// The reason why a request is not decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DecisionFailure {
    Database(DatabaseFailure),
    Verification(VerificationRefusal),
}

impl From<DatabaseFailure> for DecisionFailure {
    fn from(failure: DatabaseFailure) -> Self {
        Self::Database(failure)
    }
}

impl From<VerificationRefusal> for DecisionFailure {
    fn from(refusal: VerificationRefusal) -> Self {
        Self::Verification(refusal)
    }
}
