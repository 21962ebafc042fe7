//! `cargo xtask`: the project's own commands.
#![expect(
    clippy::print_stdout,
    reason = "a command line program speaks on standard output"
)]

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Result;
use clap::{Parser, Subcommand};
use xtask::{
    Profile,
    attack::Attack,
    bench::Bench,
    dist::{Dist, Packages},
    picture,
    soak::Soak,
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
    Soak {
        /// How long clients come and go.
        #[arg(long, default_value_t = 60)]
        seconds: u64,
        /// How many sockets are open at once.
        #[arg(long, default_value_t = 200)]
        sockets: u32,
        /// How many connections of each of three kinds are opened and left alone.
        #[arg(long, default_value_t = 1_667)]
        half_open: u32,
    },
    /// Attacks real services, and measures what legitimate clients get before, during and after.
    /// Fails if a goal is missed.
    Attack {
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
        Command::Test { steps: named } => Ok(steps::test(root(), &named)),
        Command::Vectors { folder } => Ok(exit_code(vectors::check(root(), &folder)?)),
        Command::Soak {
            seconds,
            sockets,
            half_open,
        } => {
            Soak::long(seconds, sockets, half_open).run(root(), Profile::Release)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Attack {
            cases,
            seconds,
            json,
            unoptimized,
        } => {
            let profile = if unoptimized {
                Profile::Dev
            } else {
                Profile::Release
            };
            Attack::long(cases, seconds, json).run(root(), profile)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Bench(bench) => Ok(exit_code(bench.run(root())?)),
        Command::Dist(dist) => {
            let Packages { deb, tarball } = dist.run(root())?;
            println!("{}\n{}", deb.display(), tarball.display());
            Ok(ExitCode::SUCCESS)
        }
        Command::Picture => {
            picture::write(root())?;
            Ok(ExitCode::SUCCESS)
        }
    }
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
