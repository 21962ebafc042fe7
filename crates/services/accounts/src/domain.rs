//! The decisions about accounts, apart from HTTP.

pub(crate) mod callers;
pub(crate) mod client_limits;
pub(crate) mod devices;
pub(crate) mod job_queue;
pub(crate) mod login;
pub(crate) mod mails;
pub(crate) mod passwords;
pub(crate) mod renewal;
pub(crate) mod tokens;
