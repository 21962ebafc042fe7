//! Live rooms over real WebSockets.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::panic, reason = "a test fails by panicking")]

mod calls;
mod client;
mod crowd;
mod limits;
mod lobby;
mod nodes;
mod opening;
mod outcomes;
mod shapes;
