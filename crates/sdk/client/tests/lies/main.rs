//! Lies of members and of a room service, told through real sockets to clients of the SDK.
//!
//! A story takes as long as the times of the protocol, and waits for most of it. Each module runs its stories at
//! once.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod accomplice;
mod approvals;
mod eras;
mod features;
mod forks;
mod insiders;
mod key_packages;
mod losses;
mod lying_stage;
mod own_groups;
mod person;
mod policies;
mod record;
mod removals;
mod replays;
mod rosters;
mod service;
mod stage;
