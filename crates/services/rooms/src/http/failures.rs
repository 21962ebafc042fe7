//! The problems of requests that are not decided.

use anteroom_http_server::{Problem, problems};

use super::problems::{FORBIDDEN, VERIFICATIONS_LIMITED};
use crate::domain::{
    admission::ClaimRefusal, failure::DecisionFailure, transactions::DatabaseFailure,
    verification::VerificationRefusal,
};

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

impl From<DecisionFailure> for Problem {
    fn from(failure: DecisionFailure) -> Self {
        match failure {
            DecisionFailure::Database(failure) => failure.into(),
            DecisionFailure::Verification(refusal) => refusal.into(),
        }
    }
}

impl From<ClaimRefusal> for Problem {
    fn from(refusal: ClaimRefusal) -> Self {
        match refusal {
            ClaimRefusal::Forbidden => Self::new(&FORBIDDEN),
            ClaimRefusal::Verification(refusal) => refusal.into(),
            ClaimRefusal::Database(failure) => failure.into(),
        }
    }
}
