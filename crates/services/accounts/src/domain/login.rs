//! Logins: accounts with an email address and a password, their sessions and access tokens.
//!
//! An access token names a session, a session its device, and a device its account. Every request
//! reads all three from the database ([`crate::domain::callers`]), so that a deletion or a disabled account
//! takes effect at once.

pub(crate) mod delay;
pub(crate) mod events;
pub(crate) mod known_networks;
pub(crate) mod logout;
pub(crate) mod look_up;
pub(crate) mod password_check;
pub(crate) mod recent;
pub(crate) mod refresh;
pub(crate) mod refusals;
pub(crate) mod sign_in;
