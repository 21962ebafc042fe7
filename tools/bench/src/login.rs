//! `cargo xtask bench login`: the time of a login while 20 people log in concurrently and repeatedly, at the
//! default cost of password hashes.
//!
//! The limit of logins by address is raised.

use std::fmt;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    load::{AT_ONCE, CORES, start_load},
    programs::Programs,
};

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
struct LoginTimes {
    nanoseconds: Vec<u64>,
}

/// Measures `logins` logins.
///
/// # Errors
/// A program does not start, or a login is refused.
pub fn measure(programs: &Programs, logins: u32) -> Result<Report> {
    ensure!(logins >= AT_ONCE, "at least {AT_ONCE} logins");
    let mut load = start_load(programs, "login")?;
    load.request::<LoginTimes>(&json!({ "logins": WARM_UP }))?;
    let LoginTimes { nanoseconds } = load.request(&json!({ "logins": logins }))?;
    Report::of(&nanoseconds).context("no logins")
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
