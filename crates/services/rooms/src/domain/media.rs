//! Calls on media servers.

pub(crate) mod client;
pub(crate) mod contract;
pub(crate) mod join;
pub(crate) mod platform;
pub(crate) mod pool;
pub(crate) mod transport;
