//! The problems of requests that are not decided.

use anteroom_http_server::{Problem, problems};

use super::problems::VERIFICATIONS_LIMITED;
use crate::domain::{transactions::DatabaseFailure, verification::VerificationRefusal};

impl From<DatabaseFailure> for Problem {
    fn from(failure: DatabaseFailure) -> Self {
        Self::new(match failure {
            DatabaseFailure::Unavailable => &problems::UNAVAILABLE,
            DatabaseFailure::Internal => &problems::INTERNAL,
        })
    }
}

impl From<VerificationRefusal> for Problem {
    fn from(refusal: VerificationRefusal) -> Self {
        match refusal {
            VerificationRefusal::Limited(after) => {
                Self::new(&VERIFICATIONS_LIMITED).retry_after(after)
            }
            VerificationRefusal::Overloaded => Self::new(&problems::OVERLOADED),
            VerificationRefusal::NoParams => Self::new(&problems::UNAVAILABLE),
        }
    }
}
