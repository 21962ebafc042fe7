//! Sessions and their tokens.

pub(crate) mod access_token;
pub(crate) mod grant;
pub(crate) mod session;
pub(crate) mod token_source;
