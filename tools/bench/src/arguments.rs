//! The command line. `cargo xtask bench` has the same one, with default numbers.

use std::path::PathBuf;

use anteroom_protocol::Mode;
use clap::{Parser, Subcommand, ValueEnum};

/// Measures the protocol and the services.
#[derive(Debug, Parser)]
#[command(name = "anteroom-bench")]
pub struct Arguments {
    /// Prints JSON.
    #[arg(long, global = true)]
    pub json: bool,
    /// What is measured.
    #[command(subcommand)]
    pub measurement: Measurement,
}

/// One measurement.
#[derive(Debug, Subcommand)]
pub enum Measurement {
    /// The zero-knowledge operations, beside those of the npm client in the same run.
    Zk {
        /// The mode of the generic server params.
        #[arg(long, value_enum)]
        mode: ModeName,
        /// How many interleaved rounds.
        #[arg(long)]
        rounds: u32,
        /// Writes a chart to this file.
        #[arg(long, value_name = "FILE")]
        chart: Option<PathBuf>,
    },
    /// Looks for secrets in the time that issuing, receiving and presenting take.
    Ct {
        /// How many samples of each operation.
        #[arg(long)]
        samples: u32,
    },
    /// Issues create credentials over HTTP, beside a server of Node.js with the npm client.
    CreateAuth {
        /// How many interleaved rounds.
        #[arg(long)]
        rounds: u32,
    },
    /// Looks for known addresses in the time that failed logins take.
    LoginTiming {
        /// How many samples of each class.
        #[arg(long)]
        samples: u32,
    },
    /// Logins, 20 at the same time.
    Login {
        /// How many logins.
        #[arg(long)]
        logins: u32,
    },
    /// Listing, registering, renaming and deleting devices, 20 accounts at the same time.
    Devices {
        /// How often each account does each.
        #[arg(long)]
        rounds: u32,
    },
    /// Peeks at a call over HTTP, beside the npm client's verification in the same run.
    Rooms {
        /// How many interleaved rounds.
        #[arg(long)]
        rounds: u32,
    },
}

/// The mode of the generic server params, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ModeName {
    /// [`Mode::Legacy`].
    Legacy,
    /// [`Mode::Standard`].
    Standard,
}

impl From<ModeName> for Mode {
    fn from(name: ModeName) -> Self {
        match name {
            ModeName::Legacy => Self::Legacy,
            ModeName::Standard => Self::Standard,
        }
    }
}
