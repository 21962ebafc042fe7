//! `cargo xtask`: the project's own commands.
#![expect(
    clippy::print_stdout,
    reason = "a command line program speaks on standard output"
)]

use std::{
    fmt::Display,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anteroom_protocol::Mode;
use anyhow::{Context, Result};
use clap::{Parser, Subcommand, ValueEnum};
use serde::Serialize;
use xtask::{
    attack::Attack,
    bench,
    soak::{Profile, Soak},
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
        /// Writes a chart to this file.
        #[arg(long, value_name = "FILE")]
        chart: Option<PathBuf>,
    },
    /// Looks for secrets in the time that issuing, receiving and presenting take.
    Ct {
        /// Prints JSON.
        #[arg(long)]
        json: bool,
        /// How many samples of each operation.
        #[arg(long, default_value_t = 100_000)]
        samples: u32,
    },
    /// Issues create credentials over HTTP, beside a server of Node.js with the npm client.
    CreateAuth {
        /// Prints JSON.
        #[arg(long)]
        json: bool,
        /// How many interleaved rounds.
        #[arg(long, default_value_t = 7)]
        rounds: u32,
    },
    /// Looks for known addresses in the time that failed logins take.
    LoginTiming {
        /// Prints JSON.
        #[arg(long)]
        json: bool,
        /// How many samples of each class.
        #[arg(long, default_value_t = 200)]
        samples: u32,
        /// Takes the program as the tests build it, to try the measurement itself.
        #[arg(long)]
        unoptimized: bool,
    },
    /// Logins, 20 at the same time. Fails if their p95 is not under 500 ms.
    Login {
        /// Prints JSON.
        #[arg(long)]
        json: bool,
        /// How many logins.
        #[arg(long, default_value_t = 1_000)]
        logins: u32,
    },
    /// Listing, registering, renaming and deleting devices, 20 accounts at the same time. Fails if a
    /// p95 is not under 500 ms.
    Devices {
        /// Prints JSON.
        #[arg(long)]
        json: bool,
        /// How often each account does each.
        #[arg(long, default_value_t = 100)]
        rounds: u32,
        /// Takes the programs as the tests build them, to try the measurement itself.
        #[arg(long)]
        unoptimized: bool,
    },
    /// Peeks at a call over HTTP, beside the npm client's verification in the same run.
    Rooms {
        /// Prints JSON.
        #[arg(long)]
        json: bool,
        /// How many interleaved rounds.
        #[arg(long, default_value_t = 7)]
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
            let profile = Profile::release_unless(unoptimized);
            Attack::long(cases, seconds, json).run(root(), profile)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Bench {
            what:
                Bench::Zk {
                    json,
                    mode,
                    rounds,
                    chart,
                },
        } => measure(json, mode, rounds, chart.as_deref()),
        Command::Bench {
            what: Bench::Ct { json, samples },
        } => {
            let report = bench::ct::measure(samples)?;
            print(json, &report)?;
            Ok(if report.passed() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            })
        }
        Command::Bench {
            what: Bench::CreateAuth { json, rounds },
        } => {
            let report = bench::create_auth::measure(root(), rounds)?;
            print(json, &report)
        }
        Command::Bench {
            what:
                Bench::LoginTiming {
                    json,
                    samples,
                    unoptimized,
                },
        } => {
            let report = if unoptimized {
                bench::login_timing::measure_unoptimized(root(), samples)?
            } else {
                bench::login_timing::measure(root(), samples)?
            };
            print(json, &report)?;
            Ok(if report.passed() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            })
        }
        Command::Bench {
            what: Bench::Login { json, logins },
        } => {
            let report = bench::login::measure(root(), logins)?;
            print(json, &report)?;
            Ok(if report.reached() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            })
        }
        Command::Bench {
            what:
                Bench::Devices {
                    json,
                    rounds,
                    unoptimized,
                },
        } => {
            let profile = Profile::release_unless(unoptimized);
            let report = bench::devices::measure(root(), rounds, profile)?;
            print(json, &report)?;
            Ok(if report.reached() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            })
        }
        Command::Bench {
            what: Bench::Rooms { json, rounds },
        } => {
            let report = bench::rooms::measure(root(), rounds)?;
            print(json, &report)
        }
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

fn measure(json: bool, mode: ModeName, rounds: u32, chart: Option<&Path>) -> Result<ExitCode> {
    let interop = root().join("interop");
    steps::install_npm_client(root())?;
    let mode = match mode {
        ModeName::Legacy => Mode::Legacy,
        ModeName::Standard => Mode::Standard,
    };
    let report = bench::zk(&interop, mode, rounds)?;
    if let Some(path) = chart {
        std::fs::write(path, report.chart()).context("the chart cannot be written")?;
    }
    print(json, &report)
}

fn print(json: bool, report: &(impl Serialize + Display)) -> Result<ExitCode> {
    if json {
        println!("{}", serde_json::to_string_pretty(report)?);
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
