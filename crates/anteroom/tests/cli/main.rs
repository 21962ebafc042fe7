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
mod degrading;
mod demo;
mod description;
mod device_events;
mod doctor;
mod keys;
mod link;
mod login;
mod media;
mod metrics;
mod operations;
mod operators;
mod pins;
mod place;
mod process;
mod readme;
mod relays;
mod roles;
mod rotation;
mod secrets;
mod serve;
mod session;
mod stored_credentials;
mod terminal;
mod tls;
mod trouble;
mod waiting;
mod webhook;
