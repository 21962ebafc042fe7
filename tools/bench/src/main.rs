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
};

use anteroom_bench::{
    arguments::{Arguments, Measurement},
    create_auth, ct, devices, login, login_timing,
    programs::Programs,
    rooms, zk,
};
use anyhow::{Context as _, Result};
use clap::Parser as _;
use serde::Serialize;

fn main() -> Result<ExitCode> {
    let Arguments { json, measurement } = Arguments::parse();
    let passed = match measurement {
        Measurement::Zk {
            mode,
            rounds,
            chart,
        } => {
            let report = zk(&root().join("tests/interop"), mode.into(), rounds)?;
            if let Some(path) = chart {
                fs::write(path, report.chart()).context("the chart cannot be written")?;
            }
            print(json, &report)?;
            true
        }
        Measurement::Ct { samples } => {
            let report = ct::measure(samples)?;
            print(json, &report)?;
            report.passed()
        }
        Measurement::CreateAuth { rounds } => {
            let report = create_auth::measure(root(), &Programs::of_this_folder()?, rounds)?;
            print(json, &report)?;
            true
        }
        Measurement::LoginTiming { samples } => {
            let report = login_timing::measure(&Programs::of_this_folder()?, samples)?;
            print(json, &report)?;
            report.passed()
        }
        Measurement::Login { logins } => {
            let report = login::measure(&Programs::of_this_folder()?, logins)?;
            print(json, &report)?;
            report.reached()
        }
        Measurement::Devices { rounds } => {
            let report = devices::measure(&Programs::of_this_folder()?, rounds)?;
            print(json, &report)?;
            report.reached()
        }
        Measurement::Rooms { rounds } => {
            let report = rooms::measure(root(), &Programs::of_this_folder()?, rounds)?;
            print(json, &report)?;
            true
        }
    };
    Ok(if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn print(json: bool, report: &(impl Serialize + Display)) -> Result<()> {
    let mut output = io::stdout().lock();
    if json {
        writeln!(output, "{}", serde_json::to_string_pretty(report)?)?;
    } else {
        writeln!(output, "{report}")?;
    }
    Ok(())
}

/// Returns the workspace's folder.
fn root() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).unwrap_or(manifest)
}
