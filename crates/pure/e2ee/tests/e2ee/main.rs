//! The crate through its public functions and bytes.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod admission;
mod common;
mod contexts;
mod frames;
mod hello;
mod keys;
mod statements;
mod vectors;
