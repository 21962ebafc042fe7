//! The endpoints of the issuer, and the router of its listener.

pub(crate) mod batches;
pub(crate) mod call_link_auth;
pub(crate) mod create_auth;
pub(crate) mod group_auth;
pub(crate) mod identity_key;
pub(crate) mod params;
pub(crate) mod problems;
pub(crate) mod range;
pub(crate) mod relays;
pub(crate) mod router;
