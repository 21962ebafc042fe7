//! The measurements as a table or as JSON.

use std::fmt;

use anteroom_protocol::{Mode, static_table_bytes};
use serde::Serialize;

use super::{
    chart, goals,
    package::mode_name,
    primitives::Primitives,
    row::{ParallelRow, Row},
};

/// All measurements of one run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    mode: &'static str,
    rounds: u32,
    unit: &'static str,
    /// The size of all tables of static points, in bytes.
    static_tables: usize,
    primitives: Primitives,
    /// The operations on one core each.
    operations: Vec<Row>,
    on_all_cores: Vec<ParallelRow>,
}

impl Report {
    pub(super) fn new(
        mode: Mode,
        rounds: u32,
        primitives: Primitives,
        operations: Vec<Row>,
        on_all_cores: Vec<ParallelRow>,
    ) -> Self {
        Self {
            mode: mode_name(mode),
            rounds,
            unit: "microseconds",
            static_tables: static_table_bytes(),
            primitives,
            operations,
            on_all_cores,
        }
    }

    /// Returns the measurements as an SVG chart.
    #[must_use]
    pub fn chart(&self) -> String {
        chart::svg(&self.operations)
    }

    /// Writes the goals and whether they are reached.
    fn write_verdicts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n{:<15} {:>24} {:>30}",
            "Goals", "times as fast as npm", "times the floor"
        )?;
        let verdict = |met: bool| if met { "met" } else { "MISSED" };
        for row in &self.operations {
            let ratio = match row.goal {
                Some(goal) => format!(
                    "{:.2} of {goal:.1} {:>6}",
                    row.ratio,
                    verdict(row.ratio >= goal)
                ),
                None => "not asked".to_owned(),
            };
            let floor = format!(
                "{:.2}, at most {} {:>6}",
                row.to_floor,
                goals::TO_FLOOR,
                verdict(row.to_floor <= goals::TO_FLOOR)
            );
            writeln!(f, "{:<15} {ratio:>24} {floor:>30}", row.operation)?;
        }
        writeln!(
            f,
            "static tables: {} KiB, less than {} KiB asked: {}",
            self.static_tables / 1024,
            goals::TABLES / 1024,
            verdict(self.static_tables < goals::TABLES)
        )
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
        writeln!(f, "\nThe same with the feature `parallel`")?;
        for ParallelRow {
            operation,
            cores,
            anteroom,
            ratio,
        } in &self.on_all_cores
        {
            let times = format!("{anteroom:.1}");
            writeln!(
                f,
                "{operation:<15} {times:>30}  {ratio:.2}x as fast on {cores} cores as on one"
            )?;
        }
        writeln!(f, "\nPrimitives, microseconds")?;
        for (name, cost) in self.primitives.lines() {
            writeln!(f, "{name:<42} {cost:>9.2}")?;
        }
        self.write_verdicts(f)?;
        write!(
            f,
            "\nThe npm client is called from Node.js as its users call it; the way through its\n\
             binding is part of its numbers."
        )
    }
}
