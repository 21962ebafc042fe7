//! `cargo xtask bench create-auth`: create credentials over HTTP, from Anteroom's issuer and from a minimal
//! server of Node.js with the npm client, in interleaved rounds.
//!
//! Each server shares the same two cores with the load.

use std::{fmt, path::Path, slice};

use anyhow::{Result, ensure};
use serde::Serialize;

use super::{
    cores::{self, pinned},
    measured::OperationTimes,
    programs::Programs,
    quantiles::Quantiles,
    worker::Worker,
};

const PEER: &str = "tests/interop/peer-server/server.mjs";
/// The load's names for the two.
const ANTEROOM: &str = "anteroom";
const NPM: &str = "npm";
/// The goal: the ratio of answered requests, Anteroom to the npm client.
const GOAL: f64 = 5.0;
/// Microseconds in a second.
const MICROSECONDS: f64 = 1e6;

/// The times of both servers in one run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    rounds: u32,
    unit: &'static str,
    cores: usize,
    anteroom: SubjectTimes,
    npm: SubjectTimes,
    /// The ratio of answered requests, Anteroom to the npm client, by the medians.
    ratio: f64,
    goal: f64,
}

#[derive(Clone, Debug, Serialize)]
struct SubjectTimes {
    requests: Quantiles,
    /// The server's processor time for a request, in microseconds.
    server: Quantiles,
}

/// Measures `rounds` rounds. `root` is the workspace's folder, with the npm client installed.
///
/// # Errors
/// A program does not start, or an answer is no credential.
pub fn measure(root: &Path, programs: &Programs, rounds: u32) -> Result<Report> {
    ensure!(rounds > 0, "at least one round");
    let cores = cores::pair()?;
    // Processes that it starts run on its cores too.
    let mut load = Worker::start(
        pinned(&cores, &programs.load)
            .arg("--anteroom")
            .arg(&programs.anteroom)
            .args(["create-auth", "--peer"])
            .arg(root.join(PEER)),
    )?;
    let load = slice::from_mut(&mut load);
    let mut subjects = [ANTEROOM, NPM].map(OperationTimes::new);
    for subject in &mut subjects {
        subject.calibrate(load)?;
    }
    for _ in 0..rounds {
        for subject in &mut subjects {
            subject.once(load)?;
        }
        // The order alternates, so that a disturbance of the machine affects both.
        subjects.reverse();
    }
    subjects.sort_unstable_by_key(OperationTimes::operation);
    let [anteroom, npm] = &subjects;
    let (anteroom, npm) = (SubjectTimes::of(anteroom)?, SubjectTimes::of(npm)?);
    Ok(Report {
        rounds,
        unit: "requests per second",
        cores: cores.len(),
        ratio: anteroom.requests.median / npm.requests.median,
        anteroom,
        npm,
        goal: GOAL,
    })
}

impl SubjectTimes {
    fn of(measured: &OperationTimes) -> Result<Self> {
        Ok(Self {
            requests: measured.rates()?,
            server: measured.server()?.times(MICROSECONDS),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rounds, cores, .. } = self;
        writeln!(
            f,
            "POST /v1/call-link/create-auth: min/median/max of {rounds} interleaved rounds; server \
             and load on the same {cores} cores"
        )?;
        writeln!(
            f,
            "\n{:<12} {:>24} {:>34}",
            "", "requests a second", "server's CPU a request, us"
        )?;
        for (name, subject) in [("Anteroom", &self.anteroom), ("npm client", &self.npm)] {
            let (requests, server) = (subject.requests.to_string(), subject.server.to_string());
            writeln!(f, "{name:<12} {requests:>24} {server:>34}")?;
        }
        let verdict = if self.ratio < self.goal {
            "missed"
        } else {
            "met"
        };
        write!(
            f,
            "\n{:.2} times as many requests; the goal of {} is {verdict}\n\
             Node.js runs the npm client on one core, whatever there is; the load has the other.",
            self.ratio, self.goal
        )
    }
}
