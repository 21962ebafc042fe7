//! The client against real room services, and against some that violate the protocol.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod blindness;
mod calls;
mod certificates;
mod client;
mod co_admins;
mod failed_creates;
mod forgery;
mod group;
mod guests;
mod hellos;
mod hostile;
mod links;
#[cfg(feature = "media")]
mod media_end;
mod members;
mod moderation;
mod publishing;
mod recorder;
mod replays;
mod seats;
mod statements;
mod support;
mod withheld_answers;
