//! `cargo xtask chaos`: builds the services and the program that plays people at terminals, and has one run the
//! other.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;

use crate::{
    command::StepCommand,
    programs::{self, Profile},
};

const PROGRAM: &str = "anteroom-chaos";

/// The options of a run.
#[derive(Clone, Debug, Args)]
pub struct Chaos {
    /// The number of people.
    #[arg(long, default_value_t = 50)]
    participants: u32,
    /// The time with faults, in seconds. 40 s without faults follow.
    #[arg(long, default_value_t = 600)]
    seconds: u64,
    /// The seed of all random decisions of the tool. Default: another one each time.
    #[arg(long)]
    seed: Option<u64>,
    /// The share of messages that are lost, in thousandths, each way.
    #[arg(long, default_value_t = 10)]
    loss: u32,
    /// Print late commits, and do not fail on them: for a machine that does other work.
    #[arg(long)]
    untimed: bool,
    /// A folder that is made for the journal of the run.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

impl Chaos {
    /// Runs it. The last line is the judgement.
    ///
    /// # Errors
    /// A program does not build, or somebody has not read what they should, or something else, or a commit took
    /// too long.
    pub fn run(&self, root: &Path) -> Result<()> {
        let seed = self.seed.map(|seed| seed.to_string());
        let seed = seed.iter().flat_map(|seed| ["--seed", seed]);
        let mut program = program(root, Profile::Release)?
            .args(["--participants", &self.participants.to_string()])
            .args(["--seconds", &self.seconds.to_string()])
            .args(["--loss", &self.loss.to_string()])
            .args(seed)
            .args(self.untimed.then_some("--untimed"));
        if let Some(folder) = &self.keep {
            program = program.args([Path::new("--keep"), folder]);
        }
        program.live()
    }
}

/// Builds the programs, and returns the one that plays people.
///
/// # Errors
/// A program does not build.
pub(crate) fn program(root: &Path, profile: Profile) -> Result<StepCommand> {
    let folder = programs::build(root, profile, &[programs::ANTEROOM, PROGRAM])?;
    let program = StepCommand::new(folder.join(PROGRAM).as_os_str(), PROGRAM, root);
    Ok(program.args([Path::new("--anteroom"), &folder.join(programs::ANTEROOM)]))
}
