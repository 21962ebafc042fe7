//! The measurements as a table or as JSON.

use std::fmt;

use anteroom_protocol::Mode;
use serde::Serialize;

use super::{Operation, chart, primitives::Primitives};

const MICROSECONDS: f64 = 1e6;

/// All measurements of one run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    mode: &'static str,
    rounds: u32,
    unit: &'static str,
    primitives: Primitives,
    operations: Vec<Row>,
}

/// One operation of both sides.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Row {
    operation: &'static str,
    anteroom: Times,
    npm: Times,
    /// How many times as fast Anteroom is, by the medians.
    ratio: f64,
    /// What the unavoidable primitives cost, in microseconds.
    floor: f64,
    /// How many times the floor the fastest round is.
    to_floor: f64,
}

/// The fastest, middle and slowest round, in microseconds per operation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Times {
    min: f64,
    median: f64,
    max: f64,
}

impl Report {
    pub(super) const fn new(
        mode: Mode,
        rounds: u32,
        primitives: Primitives,
        operations: Vec<Row>,
    ) -> Self {
        Self {
            mode: match mode {
                Mode::Legacy => "legacy",
                Mode::Standard => "standard",
            },
            rounds,
            unit: "microseconds",
            primitives,
            operations,
        }
    }
}

impl Report {
    /// The measurements as an SVG chart.
    #[must_use]
    pub fn chart(&self) -> String {
        chart::svg(&self.operations)
    }
}

impl Row {
    pub(super) fn new(operation: Operation, anteroom: Times, npm: Times, floor: f64) -> Self {
        Self {
            operation: operation.name(),
            anteroom,
            npm,
            ratio: npm.median / anteroom.median,
            floor,
            to_floor: anteroom.min / floor,
        }
    }

    pub(super) const fn name(&self) -> &'static str {
        self.operation
    }

    /// Anteroom's median as a part of the npm client's.
    pub(super) fn slowdown(&self) -> f64 {
        self.anteroom.median / self.npm.median
    }

    /// The floor as a part of the npm client's median.
    pub(super) fn floor_share(&self) -> f64 {
        self.floor / self.npm.median
    }

    pub(super) fn summary(&self) -> String {
        format!("{:.2}x, {:.2} floors", self.ratio, self.to_floor)
    }
}

impl Times {
    /// Of the rounds' means in seconds; nothing if there are none.
    pub(super) fn of(mut rounds: Vec<f64>) -> Option<Self> {
        rounds.sort_by(f64::total_cmp);
        let middle = rounds.len() / 2;
        let upper = *rounds.get(middle)?;
        let median = match rounds.get(middle.wrapping_sub(1)) {
            Some(lower) if rounds.len().is_multiple_of(2) => f64::midpoint(*lower, upper),
            _ => upper,
        };
        Some(Self {
            min: rounds.first()? * MICROSECONDS,
            median: median * MICROSECONDS,
            max: rounds.last()? * MICROSECONDS,
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} mode, microseconds per operation, {} interleaved rounds",
            self.mode, self.rounds
        )?;
        writeln!(f)?;
        writeln!(
            f,
            "{:<15} {:>30} {:>32} {:>8} {:>9} {:>9}",
            "",
            "Anteroom: min/median/max",
            "npm client: min/median/max",
            "ratio",
            "floor",
            "to floor"
        )?;
        for row in &self.operations {
            writeln!(
                f,
                "{:<15} {:>30} {:>32} {:>7.2}x {:>9.1} {:>8.2}x",
                row.operation,
                row.anteroom.to_string(),
                row.npm.to_string(),
                row.ratio,
                row.floor,
                row.to_floor
            )?;
        }
        writeln!(f, "\nPrimitives, microseconds")?;
        for (name, cost) in self.primitives.lines() {
            writeln!(f, "{name:<42} {cost:>9.2}")?;
        }
        write!(
            f,
            "\nThe npm client is called from Node.js as its users call it; the way through its\n\
             binding is part of its numbers."
        )
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} / {:.1} / {:.1}", self.min, self.median, self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_between_the_two_in_the_middle() {
        for (rounds, median) in [
            (vec![3.0], 3.0),
            (vec![4.0, 2.0], 3.0),
            (vec![9.0, 1.0, 2.0], 2.0),
            (vec![4.0, 1.0, 2.0, 9.0], 3.0),
        ] {
            let times = Times::of(rounds.clone()).unwrap();
            assert_eq!(times.median, median * MICROSECONDS, "{rounds:?}");
        }
        assert_eq!(Times::of(vec![]), None);
    }
}
