//! The crate through its public functions and bytes.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod admission;
mod call;
mod captured_approvals;
mod common;
mod confirmations;
mod contexts;
mod frames;
mod garbage;
mod group;
mod handshake;
mod hello;
mod keys;
mod newcomers;
mod next_group;
mod statements;
mod vectors;
mod verdicts;
mod words;
