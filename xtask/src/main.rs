//! `cargo xtask`: the project's own commands.
#![expect(
    clippy::print_stdout,
    reason = "a command line program speaks on standard output"
)]

use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Result;
use clap::{Parser, Subcommand};
use xtask::{
    bench::Bench,
    chaos::Chaos,
    dist::Dist,
    grind,
    load::{Attack, Soak},
    meeting::Meeting,
    programs::{self, Profile},
    steps, vectors,
};

/// The project's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Sets up what the tests need and runs all of them.
    Test {
        /// Runs only the steps whose names begin so, such as `interop`.
        #[arg(long = "step", value_name = "NAME")]
        steps: Vec<String>,
    },
    /// Checks a folder of vector files.
    Vectors {
        /// The folder.
        folder: PathBuf,
    },
    /// Many clients against real services, which are killed in the middle.
    Soak(Soak),
    /// Attacks real services, and measures what legitimate clients get before, during and after.
    /// Fails if a goal is missed.
    Attack(Attack),
    /// People at terminals in one call, while messages are lost and processes are stopped. Fails if
    /// somebody has not read what was said while they were in, or anything else.
    Chaos(Chaos),
    /// Participants who hear and see each other in one call over bad networks. Fails if somebody is not heard or seen
    /// in time, if sound has gaps, or if a removed device gets anything.
    Meeting(Meeting),
    /// Looks for two groups of an era that show the same verification words: a quarter of an hour on
    /// two cores.
    Grind {
        /// How many groups.
        #[arg(long, default_value_t = 65_536)]
        tries: u32,
    },
    /// Measures.
    Bench(Bench),
    /// Makes a Debian package and a tarball in `target/package`.
    Dist(Dist),
    /// Draws the picture of the README from a screen of the terminal client's tests.
    Picture,
}

fn main() -> Result<ExitCode> {
    match Arguments::parse().command {
        Command::Test { steps: named } => return Ok(steps::test(root(), &named)),
        Command::Vectors { folder } => {
            return Ok(exit_code(vectors::checker(root(), &folder)?.succeeds()?));
        }
        Command::Soak(soak) => soak.run(root())?,
        Command::Attack(attack) => attack.run(root())?,
        Command::Chaos(chaos) => chaos.run(root())?,
        Command::Meeting(meeting) => meeting.run(root())?,
        Command::Grind { tries } => grind::run(root(), tries)?,
        Command::Bench(bench) => {
            let words = env::args_os().skip_while(|word| word != "bench").skip(1);
            return Ok(exit_code(bench.run(root(), words)?));
        }
        Command::Dist(dist) => println!("{}", dist.run(root())?),
        Command::Picture => programs::tool(root(), Profile::Xtask, "anteroom-picture")?.live()?,
    }
    Ok(ExitCode::SUCCESS)
}

const fn exit_code(success: bool) -> ExitCode {
    if success {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Returns the workspace's folder.
fn root() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}
