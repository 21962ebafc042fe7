//! `cargo xtask attack`: builds the services and the load, and has one attack the other.

use std::path::Path;

use anyhow::Result;

use crate::{
    command::StepCommand,
    programs::{self, Profile},
};

/// The options of the attacks: cases, duration, output.
#[derive(Clone, Debug)]
pub struct Attack {
    cases: Vec<String>,
    /// The duration of each attack, in seconds.
    seconds: u64,
    json: bool,
    /// Whether each case runs only one attack, judged without times.
    short: bool,
}

impl Attack {
    /// Returns the attacks that fit among the tests.
    #[must_use]
    pub const fn short() -> Self {
        Self {
            cases: Vec::new(),
            seconds: 3,
            json: false,
            short: true,
        }
    }

    /// Returns all attacks, or those of the named cases.
    #[must_use]
    pub const fn long(cases: Vec<String>, seconds: u64, json: bool) -> Self {
        Self {
            cases,
            seconds,
            json,
            short: false,
        }
    }

    /// Runs the attacks. The last line is a summary.
    ///
    /// # Errors
    /// A program does not build, an attack cannot be carried out, or a goal is missed.
    pub fn run(&self, root: &Path, profile: Profile) -> Result<()> {
        let folder = programs::build(root, profile, &[programs::ANTEROOM, "anteroom-load"])?;
        let cases = self.cases.iter().flat_map(|case| ["--case", case]);
        StepCommand::program(&folder.join("anteroom-load").to_string_lossy(), root)
            .args([Path::new("--anteroom"), &folder.join("anteroom")])
            .args(["attack"])
            .args(cases)
            .args(["--seconds", &self.seconds.to_string()])
            .args(self.json.then_some("--json"))
            .args(self.short.then_some("--short"))
            .live()
    }
}
