//! The measurements as a table or as JSON.

use std::fmt;

use anteroom_protocol::Mode;
use serde::Serialize;

use super::{Operation, chart, primitives::Primitives, spread::Spread};

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
    anteroom: Spread,
    npm: Spread,
    /// How many times as fast Anteroom is, by the medians.
    ratio: f64,
    /// What the unavoidable primitives cost, in microseconds.
    floor: f64,
    /// How many times the floor the fastest round is.
    to_floor: f64,
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
    pub(super) fn new(operation: Operation, anteroom: Spread, npm: Spread, floor: f64) -> Self {
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
                format!("{:.1}", row.anteroom),
                format!("{:.1}", row.npm),
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
