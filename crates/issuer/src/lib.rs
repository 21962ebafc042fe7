//! The issuer's HTTP: credentials for accounts, blind to rooms.
//!
//! A request takes one way: listener limits, authentication, rate limit, parsing, issuing, event,
//! response. Every endpoint has a file of its own, in which one function decides for an outcome and
//! an exhaustive match turns the outcome into status, body and event.

mod auth;
mod call_link_auth;
mod create_auth;
mod docs;
mod group_auth;
mod issuer;
mod keys;
mod params;
mod range;
mod relays;
mod router;
mod whoami;
mod wire;

pub use self::{
    issuer::{Issuer, IssuerLimits, IssuerParts},
    keys::{IssuerKeys, KeysError, LiveParams},
    router::{openapi, router},
};
