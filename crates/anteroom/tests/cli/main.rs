//! Tests of the real binary as a process.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod accounts;
mod blindness;
mod call;
mod credential;
mod demo;
mod link;
mod login;
mod place;
mod readme;
mod relays;
mod roles;
mod serve;
mod session;
mod tls;
mod webhook;
