//! Plays people at terminals in one call while messages are lost and processes are stopped.
//!
//! Each person is the program `anteroom call join --plain`, with a home directory of its own, behind a proxy of
//! its own, which loses messages and breaks connections. [`journal`] takes note of what is typed, of what the
//! proxies pass on, and of what the programs print; [`judge`] decides by it who should have read what. The
//! proxies see what the room service sees: the epoch of each commit and of each message, and no text.
#![forbid(unsafe_code)]

mod dice;
mod journal;
mod judge;
mod message;
mod participant;
mod proxy;
mod report;
mod service;
mod stage;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Result;
use clap::Parser;

/// People at terminals in one call while messages are lost and processes are stopped.
#[derive(Parser)]
#[command(name = "anteroom-chaos")]
struct Arguments {
    /// The `anteroom` program.
    #[arg(long, value_name = "FILE")]
    anteroom: PathBuf,
    /// The number of people.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(3..=70))]
    participants: u32,
    /// The time with faults, in seconds. Some time without faults follows.
    #[arg(long, default_value_t = 600)]
    seconds: u64,
    /// The seed of all random decisions of the tool.
    #[arg(long)]
    seed: Option<u64>,
    /// The share of messages that are lost, in thousandths, each way.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(..=500))]
    loss: u32,
    /// Print late commits, and do not fail on them: for a machine that does other work.
    #[arg(long)]
    untimed: bool,
    /// A folder that is made for the journal and for what the programs print.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let seed = arguments.seed.map_or_else(dice::new_seed, Ok)?;
    report::say(&format!(
        "{} people for {} s, {} of 1,000 messages lost each way, seed {seed}",
        arguments.participants, arguments.seconds, arguments.loss
    ))?;
    let plan = stage::Plan {
        program: arguments.anteroom.canonicalize()?,
        participants: arguments.participants,
        time: Duration::from_secs(arguments.seconds),
        loss: f64::from(arguments.loss) / 1_000.0,
        seed,
    };
    let outcome = stage::run(&plan).await?;
    if let Some(folder) = &arguments.keep {
        report::keep(folder, &outcome.journal)?;
    }
    let verdict = judge::judge(&outcome.journal, outcome.complaints);
    let times = match arguments.untimed {
        true => judge::Times::Printed,
        false => judge::Times::Judged,
    };
    report::print(&verdict, outcome.ends, times)?;
    Ok(match verdict.holds(times) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
