//! The mails to owners of accounts.

pub(crate) mod mail;
pub(crate) mod mail_limits;
pub(crate) mod mail_request;
