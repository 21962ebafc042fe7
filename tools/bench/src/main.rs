//! `anteroom-bench`: measures the protocol and the services.
//!
//! `cargo xtask bench` builds it with the programs that it measures, and runs it.
#![forbid(unsafe_code)]

use std::{
    fmt::Display,
    fs,
    io::{self, Write as _},
    path::Path,
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};

use anteroom_bench::{
    create_auth, ct, devices, e2ee, login, login_timing, media,
    programs::{MediaPrograms, Programs, module_of_this_folder},
    rooms, zk,
};
use anteroom_protocol::{Mode, Timestamp};
use anyhow::{Context as _, Result};
use clap::Parser;
use serde::Serialize;
use xtask::bench::{self, Bench, Measurement};

/// The command line, which is that of `cargo xtask bench`.
#[derive(Parser)]
#[command(name = "anteroom-bench")]
struct Arguments {
    #[command(flatten)]
    bench: Bench,
}

fn main() -> Result<ExitCode> {
    let Bench {
        json,
        unoptimized,
        measurement,
    } = Arguments::parse().bench;
    let passed = match measurement {
        Measurement::Zk {
            mode,
            rounds,
            chart,
        } => {
            let mode = match mode {
                bench::Mode::Legacy => Mode::Legacy,
                bench::Mode::Standard => Mode::Standard,
            };
            let report = zk(&root().join("tests/interop"), mode, rounds)?;
            if let Some(path) = chart {
                fs::write(path, report.chart()).context("the chart cannot be written")?;
            }
            show(json, &report, true)
        }
        Measurement::Ct { samples } => {
            let report = ct::measure(samples)?;
            show(json, &report, report.passed())
        }
        Measurement::CreateAuth { rounds } => {
            let report = create_auth::measure(root(), &Programs::of_this_folder()?, rounds)?;
            show(json, &report, true)
        }
        Measurement::LoginTiming { samples } => {
            let report = login_timing::measure(&Programs::of_this_folder()?, samples)?;
            show(json, &report, report.passed())
        }
        Measurement::Login { logins } => {
            let report = login::measure(&Programs::of_this_folder()?, logins)?;
            show(json, &report, report.reached())
        }
        Measurement::Devices { rounds } => {
            let report = devices::measure(&Programs::of_this_folder()?, rounds)?;
            show(json, &report, report.reached())
        }
        Measurement::E2ee { rounds } => {
            let module = module_of_this_folder("anteroom-bench-e2ee")?;
            let worker = root().join("tools/bench-e2ee/worker.mjs");
            let report = e2ee::measure(&module, &worker, now()?, rounds)?;
            show(json, &report, true)
        }
        Measurement::Media { pairs, chart } => {
            let report = media::measure(&MediaPrograms::of_this_folder()?, pairs, unoptimized)?;
            if let Some(path) = chart {
                fs::write(path, report.chart()).context("the chart cannot be written")?;
            }
            // The numbers of a short run mean nothing.
            show(json, &report, unoptimized || report.reached())
        }
        Measurement::Rooms { rounds } => {
            let report = rooms::measure(root(), &Programs::of_this_folder()?, rounds)?;
            show(json, &report, true)
        }
    }?;
    Ok(if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Prints a report, and returns whether it passed.
fn show(json: bool, report: &(impl Serialize + Display), passed: bool) -> Result<bool> {
    let mut output = io::stdout().lock();
    if json {
        writeln!(output, "{}", serde_json::to_string_pretty(report)?)?;
    } else {
        writeln!(output, "{report}")?;
    }
    Ok(passed)
}

/// Returns the system's time.
#[expect(
    clippy::disallowed_methods,
    reason = "openmls compares lifetimes of key packages with the system's clock"
)]
fn now() -> Result<Timestamp> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(Timestamp::from_secs(since.as_secs()))
}

/// Returns the workspace's folder.
fn root() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).unwrap_or(manifest)
}
