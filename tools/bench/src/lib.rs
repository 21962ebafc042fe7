//! Measurements of the protocol and the services.
//!
//! Each measurement takes the programs to measure and a number of rounds or samples, and returns a report
//! that prints as a table or as JSON. Two subjects (Anteroom and the npm client, or two runtimes) are measured in interleaved
//! rounds of one run. A measurement that cannot be made is an error; a missed goal is part of the report.
//!
//! [`zk`] measures the protocol's operations: `cargo xtask bench zk`. The other measurements have modules of
//! their own.
#![forbid(unsafe_code)]

mod anteroom;
mod chart;
mod cores;
pub mod create_auth;
pub mod ct;
pub mod devices;
pub mod e2ee;
mod goals;
mod hide;
mod json_process;
mod load;
pub mod login;
pub mod login_timing;
mod measured;
pub mod media;
mod model;
mod operation;
mod package;
mod parties;
mod primitives;
pub mod programs;
mod quantiles;
mod report;
pub mod rooms;
mod row;
mod subject;
mod worker;

use std::{path::Path, thread, time::Duration};

use anteroom_protocol::Mode;
use anyhow::{Context, Result, bail};
use strum::VariantArray as _;

use self::{
    anteroom::AnteroomSubject,
    primitives::Primitives,
    quantiles::Quantiles,
    row::{ParallelRow, Row},
    subject::Subject,
};
pub use self::{operation::Operation, report::Report};

/// The minimum duration of one subject's part of a round.
const ROUND: Duration = Duration::from_millis(25);
/// Microseconds in a second.
const MICROSECONDS: f64 = 1e6;
/// Iterations of a round are between these.
const ITERATIONS: (u32, u32) = (2, 10_000);

/// Measures every operation in `rounds` rounds. `interop` is the folder of the npm client.
///
/// # Errors
/// The npm client does not start or does not know an operation, or an operation fails.
pub fn zk(interop: &Path, mode: Mode, rounds: u32) -> Result<Report> {
    if rounds == 0 {
        bail!("at least one round");
    }
    let primitives = Primitives::measure(rounds);
    let mut ours = AnteroomSubject::new(mode)?;
    let mut theirs = package::start(interop, mode)?;
    let cores = thread::available_parallelism()?.get();
    let mut rows = Vec::with_capacity(Operation::VARIANTS.len());
    let mut on_all_cores = Vec::new();
    for &operation in Operation::VARIANTS {
        let floor = primitives.price(&model::counts(operation));
        let row = compare(&mut ours, &mut theirs, operation, rounds, floor)
            .with_context(|| format!("{} cannot be measured", operation.name()))?;
        if operation.is_batch() {
            ours.use_threads(cores)?;
            let times = measure_one(&mut ours, operation, rounds)?;
            on_all_cores.push(ParallelRow::new(&row, cores, times));
            ours.use_threads(1)?;
        }
        rows.push(row);
    }
    Ok(Report::new(mode, rounds, primitives, rows, on_all_cores))
}

/// Measures one subject alone.
fn measure_one(subject: &mut impl Subject, operation: Operation, rounds: u32) -> Result<Quantiles> {
    let iterations = calibrate(subject, operation)?;
    let times: Result<Vec<f64>> = (0..rounds)
        .map(|_| once(subject, operation, iterations))
        .collect();
    let times = Quantiles::of(times?).context("no rounds")?;
    Ok(times.times(MICROSECONDS))
}

/// Measures both subjects alternately. Their order alternates too, so that a disturbance of the machine
/// affects both.
fn compare(
    ours: &mut impl Subject,
    theirs: &mut impl Subject,
    operation: Operation,
    rounds: u32,
    floor: f64,
) -> Result<Row> {
    let our_iterations = calibrate(ours, operation)?;
    let their_iterations = calibrate(theirs, operation)?;
    let mut our_times = Vec::new();
    let mut their_times = Vec::new();
    for round in 0..rounds {
        if round % 2 == 0 {
            our_times.push(once(ours, operation, our_iterations)?);
            their_times.push(once(theirs, operation, their_iterations)?);
        } else {
            their_times.push(once(theirs, operation, their_iterations)?);
            our_times.push(once(ours, operation, our_iterations)?);
        }
    }
    let both = Quantiles::of(our_times).zip(Quantiles::of(their_times));
    let (ours, theirs) = both.context("no rounds")?;
    let [ours, theirs] = [ours, theirs].map(|seconds| seconds.times(MICROSECONDS));
    Ok(Row::new(operation, ours, theirs, floor))
}

/// Returns the mean of one round, in seconds.
fn once(subject: &mut impl Subject, operation: Operation, iterations: u32) -> Result<f64> {
    Ok(subject.time(operation, iterations)?.as_secs_f64() / f64::from(iterations))
}

/// Warms up, and finds how many iterations fill a round.
fn calibrate(subject: &mut impl Subject, operation: Operation) -> Result<u32> {
    let (mut iterations, most) = ITERATIONS;
    while iterations < most && subject.time(operation, iterations)? < ROUND {
        iterations = iterations.saturating_mul(2);
    }
    Ok(iterations.min(most))
}
