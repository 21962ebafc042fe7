//! `cargo xtask meeting`: builds the services and the program that plays participants with sound and picture, and has
//! one run the other.

use std::path::Path;

use anyhow::Result;
use clap::Args;

use crate::{
    command::StepCommand,
    programs::{self, Profile},
};

const PROGRAM: &str = "anteroom-meeting";

/// The options of a run.
#[derive(Clone, Debug, Args)]
pub struct Meeting {
    /// The number of participants.
    #[arg(long, default_value_t = 23)]
    participants: u32,
    /// The seed of all random decisions of the tool. Default: another one each time.
    #[arg(long)]
    seed: Option<u64>,
    /// Runs the conditions of which the name contains this, such as `64 kbit`.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

impl Meeting {
    /// Runs it. The last line is the judgement.
    ///
    /// # Errors
    /// A program does not build, or a bound is broken.
    pub fn run(&self, root: &Path) -> Result<()> {
        let seed = self.seed.map(|seed| seed.to_string());
        let seed = seed.iter().flat_map(|seed| ["--seed", seed]);
        let only = self.only.iter().flat_map(|only| ["--only", only]);
        program(root, Profile::Release)?
            .args(["--participants", &self.participants.to_string()])
            .args(seed)
            .args(only)
            .live()
    }
}

/// Builds the programs, and returns the one that plays participants.
///
/// # Errors
/// A program does not build.
pub(crate) fn program(root: &Path, profile: Profile) -> Result<StepCommand> {
    let folder = programs::build(root, profile, &[programs::ANTEROOM, PROGRAM])?;
    let program = StepCommand::new(folder.join(PROGRAM).as_os_str(), PROGRAM, root);
    Ok(program.args([Path::new("--anteroom"), &folder.join(programs::ANTEROOM)]))
}
