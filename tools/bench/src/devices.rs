//! `cargo xtask bench devices`: the time of listing, registering, renaming and deleting a device while 20
//! accounts do so concurrently and repeatedly.

use std::fmt;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    load::{AT_ONCE, CORES, start_load},
    login::percentile,
    programs::Programs,
};

/// Rounds that warm up and are not counted.
const WARM_UP: u32 = 2;
/// The p95 of each operation should be below this many milliseconds.
const GOAL: f64 = 500.0;

/// The times of each operation, in milliseconds.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    unit: &'static str,
    at_once: u32,
    list: Times,
    register: Times,
    rename: Times,
    delete: Times,
    p95_goal: f64,
    reached: bool,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Times {
    requests: usize,
    p50: f64,
    p95: f64,
    max: f64,
}

/// The durations of the requests in nanoseconds, by operation.
#[derive(Default, Deserialize)]
struct OperationTimes {
    list: Vec<u64>,
    register: Vec<u64>,
    rename: Vec<u64>,
    delete: Vec<u64>,
}

/// Measures `rounds` rounds of each account.
///
/// # Errors
/// A program does not start, or a request is refused.
pub fn measure(programs: &Programs, rounds: u32) -> Result<Report> {
    ensure!(rounds > 0, "at least one round");
    let mut load = start_load(programs, "devices")?;
    load.request::<OperationTimes>(&json!({ "rounds": WARM_UP }))?;
    Report::of(load.request(&json!({ "rounds": rounds }))?).context("no requests")
}

impl Report {
    fn of(taken: OperationTimes) -> Option<Self> {
        let list = Times::of(taken.list)?;
        let register = Times::of(taken.register)?;
        let rename = Times::of(taken.rename)?;
        let delete = Times::of(taken.delete)?;
        let reached = [list, register, rename, delete]
            .iter()
            .all(|times| times.p95 < GOAL);
        Some(Self {
            unit: "milliseconds",
            at_once: AT_ONCE,
            list,
            register,
            rename,
            delete,
            p95_goal: GOAL,
            reached,
        })
    }

    /// Returns whether the goal was reached.
    #[must_use]
    pub const fn reached(&self) -> bool {
        self.reached
    }
}

impl Times {
    fn of(mut nanoseconds: Vec<u64>) -> Option<Self> {
        nanoseconds.sort_unstable();
        Some(Self {
            requests: nanoseconds.len(),
            p50: percentile(&nanoseconds, 50)?,
            p95: percentile(&nanoseconds, 95)?,
            max: percentile(&nanoseconds, 100)?,
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} accounts at the same time, the services on cores {CORES}; milliseconds",
            self.at_once
        )?;
        writeln!(
            f,
            "{:<10}{:>9}{:>9}{:>9}{:>9}",
            "", "requests", "p50", "p95", "max"
        )?;
        for (name, times) in [
            ("list", self.list),
            ("register", self.register),
            ("rename", self.rename),
            ("delete", self.delete),
        ] {
            let Times {
                requests,
                p50,
                p95,
                max,
            } = times;
            writeln!(f, "{name:<10}{requests:>9}{p50:>9.1}{p95:>9.1}{max:>9.1}")?;
        }
        let verdict = if self.reached { "reached" } else { "missed" };
        write!(f, "goal: p95 under {GOAL} ms: {verdict}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slow_operation_misses_the_goal() {
        let times = |slowest: u64| (1..=100).map(|ms| ms * slowest * 10_000).collect();
        let timed = |delete: u64| OperationTimes {
            list: times(100),
            register: times(100),
            rename: times(100),
            delete: times(delete),
        };
        let report = Report::of(timed(100)).unwrap();
        assert_eq!((report.list.p50, report.list.p95), (50.0, 95.0));
        assert!(report.reached());
        assert!(!Report::of(timed(600)).unwrap().reached());
        assert!(Report::of(OperationTimes::default()).is_none());
    }
}
