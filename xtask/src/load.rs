//! `cargo xtask soak`: builds the services and the load program, and runs them together.

use std::path::Path;

use anyhow::Result;

use crate::{
    command::StepCommand,
    programs::{self, Profile},
};

const LOAD: &str = "anteroom-load";

/// The options of a soak test.
#[derive(Clone, Copy, Debug)]
pub struct Soak {
    seconds: u64,
    sockets: u32,
    /// The number of messages of every device in every round, to all and again to one.
    messages: u32,
    /// Milliseconds between two of them.
    pace: u64,
    /// Connections of each kind that are opened and left alone.
    half_open: u32,
    /// Whether the services also restart under another address, which takes 30 s.
    takeover: bool,
}

impl Soak {
    /// The options for a run among the tests.
    pub const SHORT: Self = Self {
        seconds: 6,
        sockets: 40,
        messages: 8,
        pace: 200,
        half_open: 170,
        takeover: false,
    };

    /// Returns the whole test.
    #[must_use]
    pub const fn long(seconds: u64, sockets: u32, half_open: u32) -> Self {
        Self {
            seconds,
            sockets,
            messages: 8,
            pace: 1_000,
            half_open,
            takeover: true,
        }
    }

    /// Runs the test. The last line is a summary.
    ///
    /// # Errors
    /// A program does not build, or the test fails.
    pub fn run(self, root: &Path, profile: Profile) -> Result<()> {
        let programs = programs::build(root, profile, &[programs::ANTEROOM, LOAD])?;
        let Self {
            seconds,
            sockets,
            messages,
            pace,
            half_open,
            takeover,
        } = self;
        StepCommand::new(programs.join(LOAD).as_os_str(), LOAD, root)
            .args([Path::new("--anteroom"), &programs.join("anteroom")])
            .args(["soak"])
            .args(["--seconds", &seconds.to_string()])
            .args(["--sockets", &sockets.to_string()])
            .args(["--messages", &messages.to_string()])
            .args(["--pace", &pace.to_string()])
            .args(["--half-open", &half_open.to_string()])
            .args(takeover.then_some("--takeover"))
            .live()
    }
}
