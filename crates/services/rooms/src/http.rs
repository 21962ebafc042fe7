//! The endpoints: each parses a request, calls one function of the domain and maps its outcome to
//! status and body. The domain emits the events.

pub(crate) mod answers;
pub(crate) mod authorization;
pub(crate) mod bodies;
mod description;
pub(crate) mod health;
pub(crate) mod internal;
pub(crate) mod join;
pub(crate) mod links;
pub(crate) mod operations;
pub(crate) mod pages;
pub(crate) mod peek;
pub(crate) mod problems;
pub(crate) mod room_headers;
pub(crate) mod router;
pub(crate) mod socket;
mod state_parts;
