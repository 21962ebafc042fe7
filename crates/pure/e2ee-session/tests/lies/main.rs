//! The table of lies as whole stories: what the members do, and what the person sees, when the room service or
//! a member lies; the loss of each message; everybody leaving in every order.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod approvals;
mod co_admins;
mod condemned;
mod eras;
mod expectations;
mod forks;
mod insider;
mod insiders;
mod key_packages;
mod leaving;
mod losses;
mod outside;
mod own_groups;
mod people;
mod policies;
mod private_groups;
mod replays;
mod rosters;
mod silence;
mod stage;
mod statements;
mod taken_numbers;
mod taken_users;
mod texts;
