//! Plays participants who hear and see each other in one call over bad networks, and judges what each of them received.
//!
//! Each participant is a device of the SDK in this process, with an account, a socket to the room service and a path to
//! the media server of its own ([`network`]). They take turns to talk: numbered frames of a recorded tone ([`sound`]).
//! All others note when each frame comes and whether they see the speaker's picture. Meanwhile some leave, are removed,
//! and lose their connections ([`churn`]). [`report`] has the bounds.
#![forbid(unsafe_code)]

mod churn;
mod condition;
mod dice;
mod group;
mod joins;
mod network;
mod output;
mod participant;
mod picture;
mod playout;
mod record;
mod removal;
mod report;
mod service;
mod sound;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::Parser;

use self::{condition::Condition, dice::Dice, group::Group, report::Report};

/// Participants who hear and see each other in one call over bad networks.
#[derive(Parser)]
#[command(name = "anteroom-meeting")]
struct Arguments {
    /// The `anteroom` program.
    #[arg(long, value_name = "FILE")]
    anteroom: PathBuf,
    /// The number of participants.
    #[arg(long, default_value_t = 23, value_parser = clap::value_parser!(u32).range(4..=70))]
    participants: u32,
    /// The seed of all random decisions of the tool.
    #[arg(long)]
    seed: Option<u64>,
    /// Runs the conditions of which the name contains this.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Few conditions. It is judged that all hear, and that a removed device gets nothing; the rest is printed.
    #[arg(long)]
    short: bool,
}

/// The frames of a turn: two seconds.
const FRAMES: u32 = 100;

/// Those who join while somebody talks, to measure how long it takes.
const JOINS: usize = 11;
const SHORT_JOINS: usize = 2;

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let seed = arguments.seed.map_or_else(dice::new_seed, Ok)?;
    output::say(&format!(
        "{} participants, seed {seed}",
        arguments.participants
    ))?;
    let program = arguments.anteroom.canonicalize()?;
    let mut dice = Dice::of(seed);
    let group = Group::gather(&program, arguments.participants, seed).await?;
    let joins = match arguments.short {
        true => SHORT_JOINS,
        false => JOINS,
    };
    joins::run(&group, joins).await?;
    let mut rows = Vec::new();
    for condition in conditions(arguments.short) {
        let name = condition.name;
        if arguments
            .only
            .as_ref()
            .is_none_or(|only| name.contains(only))
        {
            rows.push(condition::run(&group, &condition, FRAMES, &mut dice).await?);
        }
    }
    let removal = removal::run(&group).await?;
    let report = Report {
        rows,
        joins: group.record.joins(),
        removal,
        is_short: arguments.short,
        complaints: group.complaints().await,
    };
    report.print()?;
    Ok(match report.holds() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// Returns the conditions of a run.
fn conditions(is_short: bool) -> Vec<Condition> {
    let rate = Some(300_000);
    let narrow = Condition {
        in_packet: 2,
        has_incidents: false,
        has_pictures: false,
        bounds_sound: true,
        ..Condition::new("64 kbit/s, 10 % lost", 100, 0, Some(64_000))
    };
    let all = [
        Condition::new("loopback", 0, 0, None),
        Condition::new("300 kbit/s, 100 ms, 0 % lost", 0, 100, rate),
        Condition::new("300 kbit/s, 100 ms, 2 % lost", 20, 100, rate),
        Condition::new("300 kbit/s, 100 ms, 10 % lost", 100, 100, rate),
        narrow,
    ];
    let skipped = if is_short { 3 } else { 0 };
    all.into_iter().skip(skipped).collect()
}
