//! `cargo xtask soak` and `cargo xtask attack`: builds the services and the load program, and has one run the
//! other.

use std::path::Path;

use anyhow::Result;
use clap::Args;

use crate::{
    command::StepCommand,
    programs::{self, Profile},
};

const PROGRAM: &str = "anteroom-load";

/// The options of the soak test.
#[derive(Clone, Copy, Debug, Args)]
pub struct Soak {
    /// How long clients come and go.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// How many sockets are open at once.
    #[arg(long, default_value_t = 200)]
    sockets: u32,
    /// How many connections of each of three kinds are opened and left alone.
    #[arg(long, default_value_t = 1_667)]
    half_open: u32,
}

/// The options of the attacks.
#[derive(Clone, Debug, Args)]
pub struct Attack {
    /// Runs only this case, such as `slow-bodies`; may be given several times.
    #[arg(long = "case", value_name = "NAME")]
    cases: Vec<String>,
    /// How long each attack goes on.
    #[arg(long, default_value_t = 6)]
    seconds: u64,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
    /// Takes the programs as the tests build them, to try the attacks themselves.
    #[arg(long)]
    unoptimized: bool,
}

impl Soak {
    /// Runs the whole test. The last line is a summary.
    ///
    /// # Errors
    /// A program does not build, or the test fails.
    pub fn run(self, root: &Path) -> Result<()> {
        program(root, Profile::Release)?
            .args(["soak", "--takeover"])
            .args(["--seconds", &self.seconds.to_string()])
            .args(["--sockets", &self.sockets.to_string()])
            .args(["--half-open", &self.half_open.to_string()])
            .live()
    }
}

impl Attack {
    /// Runs all attacks, or those of the named cases. The last line is a summary.
    ///
    /// # Errors
    /// A program does not build, an attack cannot be carried out, or a goal is missed.
    pub fn run(&self, root: &Path) -> Result<()> {
        let profile = match self.unoptimized {
            true => Profile::Dev,
            false => Profile::Release,
        };
        program(root, profile)?
            .args(["attack", "--seconds", &self.seconds.to_string()])
            .args(self.cases.iter().flat_map(|case| ["--case", case]))
            .args(self.json.then_some("--json"))
            .live()
    }
}

/// Builds the programs, and returns the load program without its command.
///
/// # Errors
/// A program does not build.
pub(crate) fn program(root: &Path, profile: Profile) -> Result<StepCommand> {
    let folder = programs::build(root, profile, &[programs::ANTEROOM, PROGRAM])?;
    let program = StepCommand::new(folder.join(PROGRAM).as_os_str(), PROGRAM, root);
    Ok(program.args([Path::new("--anteroom"), &folder.join(programs::ANTEROOM)]))
}
