//! `/v1/call-link`: call links.

pub(crate) mod change;
pub(crate) mod delete;
pub(crate) mod read;
