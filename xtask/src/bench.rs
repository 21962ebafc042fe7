//! `cargo xtask bench`: builds `anteroom-bench` with the programs that it measures, and runs it. Both have
//! this command line.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
};

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};

use crate::{
    command::StepCommand,
    programs::{self, BENCH, BENCH_MEDIA, Profile},
    steps,
};

/// The package that is measured as a module of WebAssembly too.
const MODULE: &str = "anteroom-bench-e2ee";

/// The services and their load.
const MEASURED: [&str; 2] = [programs::ANTEROOM, "anteroom-load"];

/// A measurement and how it is made.
#[derive(Clone, Debug, Args)]
pub struct Bench {
    /// Prints JSON.
    #[arg(long, global = true)]
    pub json: bool,
    /// Takes the programs as the tests build them, to try the measurement itself.
    #[arg(long, global = true)]
    pub unoptimized: bool,
    /// What is measured.
    #[command(subcommand)]
    pub measurement: Measurement,
}

/// One measurement.
#[derive(Clone, Debug, Subcommand)]
pub enum Measurement {
    /// The zero-knowledge operations, beside those of the npm client in the same run.
    Zk {
        /// The mode of the generic server params.
        #[arg(long, value_enum, default_value = "standard")]
        mode: Mode,
        /// How many interleaved rounds.
        #[arg(long, default_value_t = 15)]
        rounds: u32,
        /// Writes a chart to this file.
        #[arg(long, value_name = "FILE")]
        chart: Option<PathBuf>,
    },
    /// Looks for secrets in the time that issuing, receiving and presenting take.
    Ct {
        /// How many samples of each operation.
        #[arg(long, default_value_t = 100_000)]
        samples: u32,
    },
    /// Issues create credentials over HTTP, beside a server of Node.js with the npm client.
    CreateAuth {
        /// How many interleaved rounds.
        #[arg(long, default_value_t = 7)]
        rounds: u32,
    },
    /// Looks for known addresses in the time that failed logins take.
    LoginTiming {
        /// How many samples of each class.
        #[arg(long, default_value_t = 200)]
        samples: u32,
    },
    /// Logins, 20 at the same time. Fails if their p95 is not under 500 ms.
    Login {
        /// How many logins.
        #[arg(long, default_value_t = 1_000)]
        logins: u32,
    },
    /// Listing, registering, renaming and deleting devices, 20 accounts at the same time. Fails if a
    /// p95 is not under 500 ms.
    Devices {
        /// How often each account does each.
        #[arg(long, default_value_t = 100)]
        rounds: u32,
    },
    /// The end-to-end encryption of calls, natively and in WebAssembly below Node.js, beside the goals.
    E2ee {
        /// How many interleaved rounds.
        #[arg(long, default_value_t = 15)]
        rounds: u32,
    },
    /// The media server beside Janus' VideoRoom, Debian's package, with the same load in the same run. Fails if a goal
    /// is missed. Unoptimized it is a short run.
    Media {
        /// How many interleaved pairs.
        #[arg(long, default_value_t = 5)]
        pairs: u32,
        /// Writes a chart to this file.
        #[arg(long, value_name = "FILE")]
        chart: Option<PathBuf>,
    },
    /// Peeks at a call over HTTP, beside the npm client's verification in the same run.
    Rooms {
        /// How many interleaved rounds.
        #[arg(long, default_value_t = 7)]
        rounds: u32,
    },
}

/// The mode of the generic server params.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[expect(
    missing_docs,
    reason = "comments of the values would stand in the help"
)]
pub enum Mode {
    Legacy,
    Standard,
}

impl Bench {
    /// Builds the programs and measures. The words are those of this command line. Returns whether the goals
    /// of the measurement are reached, if it has any.
    ///
    /// # Errors
    /// A program does not build or start.
    pub fn run(&self, root: &Path, words: impl Iterator<Item = OsString>) -> Result<bool> {
        if matches!(self.measurement, Measurement::Media { .. }) {
            steps::install_janus(root)?;
        }
        if self.measurement.needs_npm_client() {
            steps::install_npm_client(root)?;
        }
        let profile = match self.unoptimized {
            true => Profile::Dev,
            false => Profile::Dist,
        };
        let folder = programs::build(root, profile, &self.measurement.packages())?;
        if self.measurement.needs_module() {
            steps::build_module(root, profile, MODULE, &folder)?;
        }
        let program = folder.join(BENCH);
        StepCommand::new(program.as_os_str(), BENCH, &env::current_dir()?)
            .args(words)
            .succeeds()
    }
}

impl Measurement {
    const fn needs_npm_client(&self) -> bool {
        matches!(
            self,
            Self::Zk { .. } | Self::CreateAuth { .. } | Self::Rooms { .. }
        )
    }

    const fn needs_module(&self) -> bool {
        matches!(self, Self::E2ee { .. })
    }

    fn packages(&self) -> Vec<&'static str> {
        let measured = match self {
            Self::Zk { .. } | Self::Ct { .. } | Self::E2ee { .. } => &[][..],
            Self::Media { .. } => &[BENCH_MEDIA],
            _ => &MEASURED,
        };
        [&[BENCH], measured].concat()
    }
}

#[cfg(test)]
mod tests {
    use clap::Command;

    use super::*;

    #[test]
    fn every_measurement_has_default_numbers() {
        let command = Bench::augment_args(Command::new("bench"));
        for measurement in command.get_subcommands() {
            let name = measurement.get_name();
            let parsed = command.clone().try_get_matches_from(["bench", name]);
            assert!(parsed.is_ok(), "{name}: {parsed:?}");
        }
    }
}
