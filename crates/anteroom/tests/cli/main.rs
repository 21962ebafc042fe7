//! Tests of the real binary as a process.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod credential;
mod place;
mod readme;
mod serve;
