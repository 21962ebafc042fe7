//! The HTTP interface of the room service: one file for each endpoint.

pub(crate) mod authorization;
pub(crate) mod examples;
mod failures;
pub(crate) mod health;
pub(crate) mod links;
pub(crate) mod operations;
pub(crate) mod pages;
pub(crate) mod peek;
pub(crate) mod problems;
pub(crate) mod room_headers;
pub(crate) mod router;
pub(crate) mod wire;
