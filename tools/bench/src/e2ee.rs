//! `cargo xtask bench e2ee`: the end-to-end encryption of calls, natively and in WebAssembly below Node.js.
//!
//! Both runtimes do the operations of `anteroom-bench-e2ee` in interleaved rounds of one run, on one core
//! each.

mod goals;
mod native;
mod report;
mod row;
mod web_assembly;

use std::path::Path;

use anteroom_bench_e2ee::Operation;
use anteroom_protocol::Timestamp;
use anyhow::{Context, Result, ensure};
use strum::VariantArray as _;

pub use self::report::Report;
use self::{
    native::Native,
    row::{MessageLengths, Row},
    web_assembly::WebAssembly,
};
use super::quantiles::Quantiles;

/// The numbers of members.
const MEMBERS: [u32; 4] = [2, 10, 50, 100];

/// Microseconds in a second.
const MICROSECONDS: f64 = 1e6;

/// Rounds that warm up and are not counted.
const WARM_UP: u32 = 3;

/// Measures every operation in `rounds` rounds. `module` is the module of WebAssembly, and `worker` the program
/// of Node.js that runs it. `now` is the system's time.
///
/// # Errors
/// Node.js or the module does not start, or an operation fails.
pub fn measure(module: &Path, worker: &Path, now: Timestamp, rounds: u32) -> Result<Report> {
    ensure!(rounds > 0, "at least one round");
    let mut web_assembly = WebAssembly::start(worker, module)?;
    let mut rows = Vec::new();
    let mut messages = Vec::new();
    for members in MEMBERS {
        let mut native = Native::new(members, now)?;
        web_assembly.make_call(members)?;
        for &operation in Operation::VARIANTS {
            if members != MEMBERS[0] && !operation.depends_on_members() {
                continue;
            }
            let row = compare(&mut native, &mut web_assembly, operation, members, rounds)
                .with_context(|| format!("{} cannot be measured", operation.name()))?;
            rows.push(row);
            if matches!(operation, Operation::Add | Operation::AddTen) {
                messages.push(MessageLengths::new(operation, members, native.lengths()));
            }
        }
    }
    Ok(Report::new(rounds, rows, messages))
}

/// Measures both runtimes alternately. Their order alternates too, so that a disturbance of the machine
/// affects both.
fn compare(
    native: &mut Native,
    web_assembly: &mut WebAssembly,
    operation: Operation,
    members: u32,
    rounds: u32,
) -> Result<Row> {
    for _ in 0..WARM_UP {
        native.time(operation)?;
        web_assembly.time(operation)?;
    }
    let mut native_times = Vec::new();
    let mut web_assembly_times = Vec::new();
    for round in 0..rounds {
        if round % 2 == 0 {
            native_times.push(native.time(operation)?);
            web_assembly_times.push(web_assembly.time(operation)?);
        } else {
            web_assembly_times.push(web_assembly.time(operation)?);
            native_times.push(native.time(operation)?);
        }
    }
    let factor = MICROSECONDS / f64::from(operation.repeats());
    let [native, web_assembly] = [native_times, web_assembly_times].map(|times| {
        let seconds = times.iter().map(std::time::Duration::as_secs_f64);
        Quantiles::of(seconds.collect()).map(|seconds| seconds.times(factor))
    });
    let (native, web_assembly) = native.zip(web_assembly).context("no rounds")?;
    Ok(Row::new(operation, members, native, web_assembly))
}
