//! The authentication of callers.

pub(crate) mod authentication;
pub(crate) mod caller;
pub(crate) mod caller_cache;
pub(crate) mod device_use_writer;
pub(crate) mod identities;
pub(crate) mod identity;
