//! `cargo xtask bench rooms`: peeks with verification over HTTP, compared with verifications by the npm
//! client in the same run, in interleaved rounds.
//!
//! The services run on one half of the cores and the load on the other. The npm client uses the services'
//! cores while they are idle: one process per core, which only verifies.

mod report;

use std::{path::Path, slice};

use anteroom_protocol::Mode;
use anyhow::{Result, ensure};

pub use self::report::Report;
use self::report::Row;
use super::{
    cores::{Cores, pinned},
    measured::OperationTimes,
    package,
    programs::Programs,
    worker::Worker,
};

/// The operation of the npm client.
const NPM_VERIFY: &str = "auth_verify";

/// The measured operations of the services: the load program's name and the description.
const OPERATIONS: [(&str, &str); 5] = [
    ("peek_fresh", "peek, every presentation new"),
    ("peek_repeated", "peek, one presentation again and again"),
    (
        "unknown_room",
        "HTTP, parsing and the look-up, no verification",
    ),
    ("health", "HTTP alone"),
    (
        "parse_and_verify",
        "parsing and verification alone, one thread",
    ),
];

/// Measures `rounds` rounds. `root` is the workspace's folder, with the npm client installed.
///
/// # Errors
/// A program does not start, or a request has an unexpected answer.
pub fn measure(root: &Path, programs: &Programs, rounds: u32) -> Result<Report> {
    ensure!(rounds > 0, "at least one round");
    let cores = Cores::halves()?;

    let mut load = Worker::start(
        pinned(&cores.load, &programs.load)
            .arg("--anteroom")
            .arg(&programs.anteroom)
            .args(["peek", "--server-cores", &Cores::list(&cores.services)]),
    )?;
    let mut npm = start_npm(root, &cores.services)?;
    let mut ours = Vec::new();
    for (operation, _) in OPERATIONS {
        load.must_know(operation)?;
        ours.push(OperationTimes::new(operation));
    }
    let mut theirs = OperationTimes::new(NPM_VERIFY);
    for side in &mut ours {
        side.calibrate(slice::from_mut(&mut load))?;
    }
    theirs.calibrate(&mut npm)?;
    for round in 0..rounds {
        // The order alternates, so that a disturbance of the machine affects both.
        if round % 2 == 0 {
            theirs.once(&mut npm)?;
        }
        for side in &mut ours {
            side.once(slice::from_mut(&mut load))?;
        }
        if round % 2 == 1 {
            theirs.once(&mut npm)?;
        }
    }
    let npm = theirs.rates()?;
    let mut rows = Vec::new();
    for (side, (_, name)) in ours.iter().zip(OPERATIONS) {
        rows.push(Row::new(side.operation(), name, side.rates()?, &npm));
    }
    Ok(Report::new(rounds, &cores, npm, rows))
}

fn start_npm(root: &Path, cores: &[usize]) -> Result<Vec<Worker>> {
    cores
        .iter()
        .map(|core| {
            let worker = Worker::start(
                pinned(&[*core], "node")
                    .current_dir(root.join("tests/interop"))
                    .args(package::arguments(Mode::Standard)),
            )?;
            worker.must_know(NPM_VERIFY)?;
            Ok(worker)
        })
        .collect()
}
