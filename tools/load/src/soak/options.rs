//! The options of the soak test.

use clap::Args;

/// How long and how many.
#[derive(Args)]
pub(crate) struct Options {
    /// How long clients come and go, besides what it takes to start again.
    #[arg(long, default_value_t = 60)]
    pub(super) seconds: u64,
    /// How many sockets are open at once.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(4..=5_000))]
    pub(super) sockets: u32,
    /// How many numbered messages a device says to all, and again to one, before it leaves.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(4..))]
    pub(super) messages: u32,
    /// Milliseconds between two of its messages; all devices of a call may send 1,024 in a second.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(100..))]
    pub(super) pace: u64,
    /// How many connections of each kind are opened and left alone: silent ones, with half a
    /// request, and sockets without a `join`.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=5_000))]
    pub(super) half_open: u32,
    /// How many rooms have people who talk, with sealed sound.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(..=50))]
    pub(super) talk_rooms: u32,
    /// Also starts the services under another address after a kill: the rooms are free when the
    /// lease of the dead node runs out.
    #[arg(long)]
    pub(super) takeover: bool,
}
