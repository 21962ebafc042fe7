//! `cargo xtask bench login`: the time of a login while 20 people log in concurrently and repeatedly, at the
//! default cost of password hashes.
//!
//! The services have two cores, or all cores of a smaller machine. The load runs in a process of its own,
//! mostly waits, and shares the cores. The limit of logins by address is raised.

use std::{
    fmt,
    io::{BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::programs::Programs;

/// The number of people who log in concurrently.
const AT_ONCE: u32 = 20;
/// The cores of the services, if there are more.
const CORES: &str = "0,1";
/// Logins that warm up and are not counted.
const WARM_UP: u32 = 2 * AT_ONCE;
/// The p95 should be below this many milliseconds.
const GOAL: f64 = 500.0;

/// The result.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    unit: &'static str,
    at_once: u32,
    logins: usize,
    min: f64,
    median: f64,
    p95: f64,
    max: f64,
    p95_goal: f64,
    reached: bool,
}

#[derive(Deserialize)]
struct LoadReady {
    ready: bool,
}

#[derive(Deserialize)]
struct LoginTimes {
    nanoseconds: Vec<u64>,
}

/// Measures `logins` logins.
///
/// # Errors
/// A program does not start, or a login is refused.
pub fn measure(programs: &Programs, logins: u32) -> Result<Report> {
    ensure!(logins >= AT_ONCE, "at least {AT_ONCE} logins");
    let mut load = Command::new(&programs.load)
        .arg("--anteroom")
        .arg(&programs.anteroom)
        .args(["login", "--server-cores", CORES])
        .args(["--at-once", &AT_ONCE.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("the load does not start")?;
    let mut orders = load.stdin.take().context("no input")?;
    let mut answers = BufReader::new(load.stdout.take().context("no output")?).lines();
    let mut answer = || {
        answers
            .next()
            .context("the load ended: what it said is above")
    };
    let LoadReady { ready } = serde_json::from_str(&answer()??)?;
    ensure!(ready, "the load is not ready");
    let mut taken = Vec::new();
    for count in [WARM_UP, logins] {
        writeln!(orders, "{}", json!({ "logins": count }))?;
        let timed: LoginTimes = serde_json::from_str(&answer()??)?;
        taken = timed.nanoseconds;
    }
    // The program ends with its input.
    drop(orders);
    load.wait()?;
    Report::of(&taken).context("no logins")
}

/// Returns the `percent`th percentile of sorted times, in milliseconds.
pub(super) fn percentile(sorted: &[u64], percent: usize) -> Option<f64> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    let time = *sorted.get(rank - 1)?;
    Some(time as f64 / 1e6)
}

impl Report {
    fn of(nanoseconds: &[u64]) -> Option<Self> {
        let mut sorted = nanoseconds.to_vec();
        sorted.sort_unstable();
        let at = |percent| percentile(&sorted, percent);
        let p95 = at(95)?;
        Some(Self {
            unit: "milliseconds",
            at_once: AT_ONCE,
            logins: sorted.len(),
            min: at(0)?,
            median: at(50)?,
            p95,
            max: at(100)?,
            p95_goal: GOAL,
            reached: p95 < GOAL,
        })
    }

    /// Returns whether the goal was reached.
    #[must_use]
    pub const fn reached(&self) -> bool {
        self.reached
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} logins, {} at the same time, the services on cores {CORES}; milliseconds",
            self.logins, self.at_once
        )?;
        writeln!(f, "min     {:>8.1}", self.min)?;
        writeln!(f, "median  {:>8.1}", self.median)?;
        writeln!(f, "p95     {:>8.1}", self.p95)?;
        writeln!(f, "max     {:>8.1}", self.max)?;
        let verdict = if self.reached { "reached" } else { "missed" };
        write!(f, "goal: p95 under {GOAL} ms: {verdict}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_sorted_times() {
        let times: Vec<u64> = (1..=100).rev().map(|ms| ms * 1_000_000).collect();
        let report = Report::of(&times).unwrap();
        let shown = (report.min, report.median, report.p95, report.max);
        assert_eq!(shown, (1.0, 50.0, 95.0, 100.0));
        assert!(report.reached());
        let slow = Report::of(&[600_000_000]).unwrap();
        assert!(!slow.reached());
        assert!(Report::of(&[]).is_none());
    }
}
