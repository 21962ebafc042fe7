//! Tests of the real binary as a process.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod accounts;
mod backup;
mod blindness;
mod call;
mod credential;
mod demo;
mod keys;
mod link;
mod login;
mod operations;
mod pins;
mod place;
mod readme;
mod relays;
mod roles;
mod rotation;
mod secrets;
mod serve;
mod session;
mod tls;
mod webhook;
