//! Live rooms over real WebSockets.
#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::panic, reason = "a test fails by panicking")]

mod budgets;
mod calls;
mod client;
mod commits;
mod crowd;
mod ending;
mod fake_media;
mod guests;
mod hellos;
mod limits;
mod lobby;
mod media;
mod media_ends;
mod meeting;
mod members;
mod moderation;
mod nodes;
mod opening;
mod outcomes;
mod readers;
mod rosters;
mod seats;
mod shapes;
mod statements;
