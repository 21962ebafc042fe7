//! A device on a connection for media of its own, for tests and tools. It does what devices do, and what hostile ones
//! do: it seals packets and reports as it likes, checks paths in the name of others, and sends without a limit.
//!
//! # Contract
//!
//! - There is no clock but the system's, and no thread: [`Client::pump`] carries a device on.
//! - All functions panic if they cannot do their work: a test that cannot go on has failed.
//! - Only tests and tools use this crate.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]
#![forbid(unsafe_code)]

mod checks;
mod client;
mod sealing;
mod tcp;

/// The id of a check.
pub use str0m::ice::TransId;

pub use self::{
    checks::{candidates, credentials, nomination, signed},
    client::Client,
    sealing::{SealingKeys, header_length},
    tcp::TcpTransport,
};
