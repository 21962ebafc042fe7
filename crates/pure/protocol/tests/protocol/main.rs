//! The protocol through its public functions and bytes.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod batches;
mod common;
mod hellos;
mod links;
mod member_keys;
mod memory;
mod privacy;
mod refusals;
mod round_trips;
