//! The decisions about accounts, apart from HTTP.

pub(crate) mod callers;
pub(crate) mod client_limits;
pub(crate) mod confirm_reset;
pub(crate) mod devices;
pub(crate) mod failure;
pub(crate) mod guests;
pub(crate) mod job_queue;
pub(crate) mod limits;
pub(crate) mod login;
pub(crate) mod mails;
pub(crate) mod passwords;
pub(crate) mod renewal;
pub(crate) mod request_reset;
pub(crate) mod resend;
pub(crate) mod reservations;
pub(crate) mod sign_up;
pub(crate) mod storage;
pub(crate) mod tokens;
pub(crate) mod verify_email;
