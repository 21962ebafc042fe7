//! Attacks on real services, and the service that legitimate clients get before, during and after them.
//!
//! Each case starts services of its own. The attacker is another process ([`crate::attacker`]); legitimate
//! clients are in this one.

mod admin;
mod bystanders;
mod case;
mod certificate;
mod clients;
mod login;
mod measurements;
mod process;
mod report;
mod slow_proxy;
mod testbed;

use std::{path::Path, process::ExitCode, time::Duration};

use anyhow::{Context as _, Result};
use clap::Args;
use futures::future::join;
use tokio::time::{Instant, sleep, timeout};

use self::{
    case::Case,
    measurements::{Phase, PhaseMeasurements, Thresholds},
    process::AttackerProcess,
    report::{Report, Row},
    testbed::Testbed,
};
use crate::{
    attacker::Attack,
    os::{self, say},
};

/// The pause between the end of an attack and the measurement after it.
const SETTLING: Duration = Duration::from_millis(500);
/// The time limit of a whole case, much longer than it takes.
const PATIENCE: Duration = Duration::from_secs(180);
/// The number of files of the attacker, and of the services, in addition to the connections.
const OTHER_FILES: u64 = 512;

/// Which attacks, for how long.
#[derive(Args)]
pub(crate) struct Options {
    /// Runs only this case; may be given several times.
    #[arg(long = "case", value_enum, value_name = "NAME")]
    cases: Vec<Case>,
    /// How long each attack goes on.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
    /// One attack of each case, judged without times.
    #[arg(long)]
    short: bool,
}

/// The durations of an attack's phases, and its goals.
#[derive(Clone, Copy)]
struct Schedule {
    around: Duration,
    during: Duration,
    goals: Thresholds,
    /// The maximum number of slots of an attack.
    connections: u32,
}

pub(crate) async fn run(anteroom: &Path, options: &Options) -> Result<ExitCode> {
    let files = os::raise_file_limit()?.saturating_sub(OTHER_FILES);
    let connections = u32::try_from(files).unwrap_or(u32::MAX);
    let (around, goals) = match options.short {
        true => (1, Thresholds::WITHOUT_TIMES),
        false => (2, Thresholds::ALL),
    };
    let schedule = Schedule {
        around: Duration::from_secs(around),
        during: Duration::from_secs(options.seconds),
        goals,
        connections,
    };
    let mut report = Report::new(connections);
    if !options.json {
        say(&report.heading())?;
    }
    for case in Case::chosen(&options.cases) {
        let mut add = |row: Row| {
            if !options.json {
                say(&row.to_string())?;
            }
            report.add(row);
            anyhow::Ok(())
        };
        let run = run_case(anteroom, case, options.short, schedule, &mut add);
        timeout(PATIENCE, run)
            .await
            .context("it hangs")
            .flatten()
            .with_context(|| format!("the case {} cannot be run", case.name()))?;
    }
    say(&if options.json {
        serde_json::to_string_pretty(&report)?
    } else {
        report.verdict()
    })?;
    Ok(if report.passed() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Runs one case: a measurement before, and one during and after each of its attacks.
async fn run_case(
    anteroom: &Path,
    case: Case,
    short: bool,
    schedule: Schedule,
    add: &mut impl FnMut(Row) -> Result<()>,
) -> Result<()> {
    let mut testbed = Testbed::new(anteroom, case).await?;
    let before = testbed.measure(schedule.around).await?;
    let gap = before.media.map(|media| media.gap_p99_ms);
    let compare = |measurements: &mut PhaseMeasurements| {
        if let Some(media) = &mut measurements.media {
            media.before_p99_ms = gap;
        }
    };
    let row =
        |attack, phase, measurements| Row::new(case, attack, phase, measurements, schedule.goals);
    add(row(None, Phase::Before, before))?;
    let attacks = case.attacks();
    let count = if short { 1 } else { attacks.len() };
    for attack in attacks.iter().copied().take(count) {
        let mut during = attacked(anteroom, case, &testbed, attack, schedule).await?;
        compare(&mut during);
        add(row(Some(attack), Phase::During, during))?;
        sleep(SETTLING).await;
        let mut after = testbed.measure(schedule.around).await?;
        compare(&mut after);
        add(row(Some(attack), Phase::After, after))?;
    }
    testbed.check()
}

async fn attacked(
    anteroom: &Path,
    case: Case,
    testbed: &Testbed,
    attack: Attack,
    schedule: Schedule,
) -> Result<PhaseMeasurements> {
    let target = testbed.target(attack, schedule.connections)?;
    let attacker = AttackerProcess::start(anteroom, case, &target).await?;
    let used = attacker.processor_time()?;
    let start = Instant::now();
    let admin = testbed.run_admin(attack, start + schedule.during);
    let (measurements, admin) = join(testbed.measure(schedule.during), admin).await;
    let mut measurements = measurements?;
    measurements.admin = admin?;
    measurements.full_force = Some(attacker.full);
    let elapsed = start.elapsed();
    measurements.attacker_cpu = Some(measurements::share(
        attacker.processor_time()? - used,
        elapsed,
    ));
    measurements.attempts = Some(attacker.stop().await?);
    Ok(measurements)
}
