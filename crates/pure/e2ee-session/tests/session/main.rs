//! Sessions over the real order of commits: the state machine of the room service.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod chaos;
mod co_admins;
mod groups;
mod harness;
mod links;
mod outside;
mod people;
mod removals;
mod seats;
mod statements;
mod texts;
mod waiting_removals;
mod words;
