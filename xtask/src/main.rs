//! `cargo xtask`: the project's own commands.
#![expect(
    clippy::print_stdout,
    reason = "a command line program speaks on standard output"
)]

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anteroom_protocol::Mode;
use anyhow::{Context, Result};
use clap::{Parser, Subcommand, ValueEnum};
use xtask::{bench, steps, vectors};

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
    /// Measures.
    Bench {
        #[command(subcommand)]
        what: Bench,
    },
}

#[derive(Subcommand)]
enum Bench {
    /// The zero-knowledge operations, beside those of the npm client in the same run.
    Zk {
        /// Prints JSON.
        #[arg(long)]
        json: bool,
        /// The mode of the generic server params.
        #[arg(long, value_enum, default_value = "standard")]
        mode: ModeName,
        /// How many interleaved rounds.
        #[arg(long, default_value_t = 15)]
        rounds: u32,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum ModeName {
    Legacy,
    Standard,
}

fn main() -> Result<ExitCode> {
    match Arguments::parse().command {
        Command::Test { steps: named } => Ok(steps::test(root(), &named)),
        Command::Vectors { folder } => check_vectors(&folder),
        Command::Bench {
            what: Bench::Zk { json, mode, rounds },
        } => measure(json, mode, rounds),
    }
}

fn check_vectors(folder: &Path) -> Result<ExitCode> {
    let reports = vectors::check_folder(folder)
        .with_context(|| format!("{} cannot be checked", folder.display()))?;
    for report in &reports {
        println!("{report}");
    }
    if reports.iter().all(vectors::Report::passed) {
        Ok(ExitCode::SUCCESS)
    } else {
        Ok(ExitCode::FAILURE)
    }
}

fn measure(json: bool, mode: ModeName, rounds: u32) -> Result<ExitCode> {
    let interop = root().join("interop");
    steps::install_npm_client(root())?;
    let mode = match mode {
        ModeName::Legacy => Mode::Legacy,
        ModeName::Standard => Mode::Standard,
    };
    let report = bench::zk(&interop, mode, rounds)?;
    if json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        println!("{report}");
    }
    Ok(ExitCode::SUCCESS)
}

/// The workspace's folder.
fn root() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}
