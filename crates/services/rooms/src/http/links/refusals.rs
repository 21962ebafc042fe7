//! The problems of updates and deletes that are refused.

use anteroom_http_server::Problem;

use crate::{
    domain::links::AdminRefusal,
    http::problems::{
        CALL_END_UNSUPPORTED, CALL_ON, FORBIDDEN, PASSKEY_RATE_LIMITED, PASSKEY_WRONG, unauthorized,
    },
};

pub(super) fn refused(refusal: AdminRefusal) -> Problem {
    match refusal {
        AdminRefusal::UnknownLink => unauthorized(),
        AdminRefusal::Forbidden => Problem::new(&FORBIDDEN),
        AdminRefusal::EndUnsupported => Problem::new(&CALL_END_UNSUPPORTED),
        AdminRefusal::RateLimited(after) => Problem::new(&PASSKEY_RATE_LIMITED).retry_after(after),
        AdminRefusal::WrongPasskey => Problem::new(&PASSKEY_WRONG),
        AdminRefusal::CallOn => Problem::new(&CALL_ON),
    }
}
