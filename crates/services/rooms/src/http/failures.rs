//! The problems of requests that are not decided or refused.

use anteroom_http_server::Problem;

use super::problems::{self, unauthorized};
use crate::domain::{
    failure::{ClaimRefusal, DecisionFailure},
    links::AdminRefusal,
};

impl From<DecisionFailure> for Problem {
    fn from(failure: DecisionFailure) -> Self {
        match failure {
            DecisionFailure::Unavailable => Self::new(&problems::UNAVAILABLE),
            DecisionFailure::Internal => Self::new(&problems::INTERNAL),
            DecisionFailure::Limited(after) => {
                Self::new(&problems::ROOM_VERIFICATION_LIMITED).retry_after(after)
            }
            DecisionFailure::Overloaded => Self::new(&problems::OVERLOADED),
        }
    }
}

impl From<ClaimRefusal> for Problem {
    fn from(refusal: ClaimRefusal) -> Self {
        match refusal {
            ClaimRefusal::Forbidden => Self::new(&problems::ROOM_FORBIDDEN),
            ClaimRefusal::Failed(failure) => failure.into(),
        }
    }
}

impl From<AdminRefusal> for Problem {
    fn from(refusal: AdminRefusal) -> Self {
        match refusal {
            AdminRefusal::UnknownLink => unauthorized(),
            AdminRefusal::Claim(refusal) => refusal.into(),
            AdminRefusal::EndUnsupported => Self::new(&problems::CALL_END_UNSUPPORTED),
            AdminRefusal::RateLimited(after) => {
                Self::new(&problems::ROOM_RATE_LIMITED).retry_after(after)
            }
            AdminRefusal::WrongPasskey => Self::new(&problems::ROOM_PASSKEY_WRONG),
            AdminRefusal::CallOn => Self::new(&problems::CALL_ON),
        }
    }
}
