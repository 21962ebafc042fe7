//! The problems of requests that are not decided or refused.

use anteroom_http_server::Problem;

use super::problems::{
    CALL_END_UNSUPPORTED, CALL_ON, INTERNAL, OVERLOADED, ROOM_FORBIDDEN, ROOM_PASSKEY_WRONG,
    ROOM_RATE_LIMITED, ROOM_VERIFICATION_LIMITED, UNAVAILABLE, unauthorized,
};
use crate::domain::{
    failure::{ClaimRefusal, DecisionFailure},
    links::AdminRefusal,
};

impl From<DecisionFailure> for Problem {
    fn from(failure: DecisionFailure) -> Self {
        match failure {
            DecisionFailure::Unavailable => Self::new(&UNAVAILABLE),
            DecisionFailure::Internal => Self::new(&INTERNAL),
            DecisionFailure::Limited(after) => {
                Self::new(&ROOM_VERIFICATION_LIMITED).retry_after(after)
            }
            DecisionFailure::Overloaded => Self::new(&OVERLOADED),
        }
    }
}

impl From<ClaimRefusal> for Problem {
    fn from(refusal: ClaimRefusal) -> Self {
        match refusal {
            ClaimRefusal::Forbidden => Self::new(&ROOM_FORBIDDEN),
            ClaimRefusal::Failed(failure) => failure.into(),
        }
    }
}

impl From<AdminRefusal> for Problem {
    fn from(refusal: AdminRefusal) -> Self {
        match refusal {
            AdminRefusal::UnknownLink => unauthorized(),
            AdminRefusal::Claim(refusal) => refusal.into(),
            AdminRefusal::EndUnsupported => Self::new(&CALL_END_UNSUPPORTED),
            AdminRefusal::RateLimited(after) => Self::new(&ROOM_RATE_LIMITED).retry_after(after),
            AdminRefusal::WrongPasskey => Self::new(&ROOM_PASSKEY_WRONG),
            AdminRefusal::CallOn => Self::new(&CALL_ON),
        }
    }
}
