//! Signing in with an email address and a password: the requests, and the state of a session.

pub mod requests;
pub mod session;
pub(crate) mod store;
pub(crate) mod tokens;
