//! `cargo xtask bench`: builds `anteroom-bench` with the programs that it measures, and runs it.

use std::path::{Path, PathBuf, absolute};

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand, ValueEnum};

use crate::{
    command::StepCommand,
    programs::{self, Profile},
    steps,
};

const PROGRAM: &str = "anteroom-bench";

/// The services and their load.
const MEASURED: [&str; 2] = [programs::ANTEROOM, "anteroom-load"];

/// A measurement and how it is made.
#[derive(Clone, Debug, Args)]
pub struct Bench {
    /// Prints JSON.
    #[arg(long, global = true)]
    json: bool,
    /// Takes the programs as the tests build them, to try the measurement itself.
    #[arg(long, global = true)]
    unoptimized: bool,
    #[command(subcommand)]
    measurement: Measurement,
}

#[derive(Clone, Debug, Subcommand)]
enum Measurement {
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
    /// Peeks at a call over HTTP, beside the npm client's verification in the same run.
    Rooms {
        /// How many interleaved rounds.
        #[arg(long, default_value_t = 7)]
        rounds: u32,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Mode {
    Legacy,
    Standard,
}

impl Bench {
    /// Builds the programs and measures. Returns whether the goals of the measurement are reached, if it has
    /// any.
    ///
    /// # Errors
    /// A program does not build or start.
    pub fn run(&self, root: &Path) -> Result<bool> {
        if self.measurement.needs_npm_client() {
            steps::install_npm_client(root)?;
        }
        let folder = programs::build(root, self.profile(), &self.measurement.packages())?;
        let program = folder.join(PROGRAM);
        StepCommand::new(program.as_os_str(), PROGRAM, root)
            .args(self.arguments()?)
            .succeeds()
    }

    const fn profile(&self) -> Profile {
        if self.unoptimized {
            Profile::Dev
        } else {
            Profile::Dist
        }
    }

    /// Returns the command line of `anteroom-bench`.
    ///
    /// # Errors
    /// If a path is empty.
    pub fn arguments(&self) -> Result<Vec<String>> {
        let mut arguments = self.measurement.arguments()?;
        if self.json {
            arguments.push("--json".to_owned());
        }
        Ok(arguments)
    }
}

impl Measurement {
    const fn needs_npm_client(&self) -> bool {
        matches!(
            self,
            Self::Zk { .. } | Self::CreateAuth { .. } | Self::Rooms { .. }
        )
    }

    fn packages(&self) -> Vec<&'static str> {
        let in_process = matches!(self, Self::Zk { .. } | Self::Ct { .. });
        let measured = if in_process { &[][..] } else { &MEASURED };
        [&[PROGRAM], measured].concat()
    }

    fn arguments(&self) -> Result<Vec<String>> {
        let (name, option, number) = match self {
            Self::Zk { rounds, .. } => ("zk", "--rounds", rounds),
            Self::Ct { samples } => ("ct", "--samples", samples),
            Self::CreateAuth { rounds } => ("create-auth", "--rounds", rounds),
            Self::LoginTiming { samples } => ("login-timing", "--samples", samples),
            Self::Login { logins } => ("login", "--logins", logins),
            Self::Devices { rounds } => ("devices", "--rounds", rounds),
            Self::Rooms { rounds } => ("rooms", "--rounds", rounds),
        };
        let mut arguments = [name, option].map(str::to_owned).to_vec();
        arguments.push(number.to_string());
        if let Self::Zk { mode, chart, .. } = self {
            let mode = match mode {
                Mode::Legacy => "legacy",
                Mode::Standard => "standard",
            };
            arguments.extend(["--mode", mode].map(str::to_owned));
            if let Some(chart) = chart {
                // The program runs in the workspace's folder.
                let chart = absolute(chart)?;
                let chart = chart.to_str().context("the chart's path is not UTF-8")?;
                arguments.extend(["--chart", chart].map(str::to_owned));
            }
        }
        Ok(arguments)
    }
}
