//! The endpoints of the room service: each parses a request, calls one function of the domain and
//! maps its outcome to status, body and event.

pub(crate) mod internal;
pub(crate) mod join;
pub(crate) mod join_body;
pub(crate) mod socket;
