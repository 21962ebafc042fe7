//! The measurements as a table or as JSON.

use std::fmt;

use serde::Serialize;

use super::{
    goals,
    row::{MessageLengths, Row},
};

/// All measurements of one run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    rounds: u32,
    unit: &'static str,
    operations: Vec<Row>,
    messages: Vec<MessageLengths>,
}

impl Report {
    /// Creates the report. The rows of an operation stand together.
    pub(super) fn new(rounds: u32, rows: Vec<Row>, messages: Vec<MessageLengths>) -> Self {
        let order: Vec<&'static str> = rows.iter().map(|row| row.operation).collect();
        let place = |name| order.iter().position(|one| *one == name);
        let (mut operations, mut messages) = (rows, messages);
        operations.sort_by_key(|row| place(row.operation));
        messages.sort_by_key(|one| place(one.operation));
        Self {
            rounds,
            unit: "microseconds",
            operations,
            messages,
        }
    }
}

const fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "MISSED" }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "microseconds per operation on one core, {} interleaved rounds",
            self.rounds
        )?;
        writeln!(f)?;
        writeln!(
            f,
            "{:<12} {:>7} {:>30} {:>30} {:>9} {:>7} {:>7}",
            "",
            "members",
            "native: min/median/max",
            "WebAssembly: min/median/max",
            "at most",
            "native",
            "WASM"
        )?;
        for row in &self.operations {
            let members = row.members.map_or_else(String::new, |n| n.to_string());
            let goal = row.goal.map_or_else(String::new, |goal| goal.to_string());
            let [native, web_assembly] = row.verdicts().map_or([""; 2], |met| met.map(verdict));
            writeln!(
                f,
                "{:<12} {members:>7} {:>30} {:>30} {goal:>9} {native:>7} {web_assembly:>7}",
                row.operation,
                format!("{:.1}", row.native),
                format!("{:.1}", row.web_assembly),
            )?;
        }
        writeln!(
            f,
            "\nBytes of the messages: at most {} for a commit, and {} for a Welcome",
            goals::COMMIT,
            goals::WELCOME
        )?;
        for one in &self.messages {
            let [commit, welcome] = one.verdicts().map(verdict);
            writeln!(
                f,
                "{:<12} {:>7}    commit {:>6} {commit:>7}    Welcome {:>6} {welcome:>7}",
                one.operation, one.members, one.commit, one.welcome
            )?;
        }
        write!(
            f,
            "\nThe goals are times of bare leaves and without checks, in a browser. The leaves have a name, an\n\
             approval and a certificate, and all checks are made."
        )
    }
}

#[cfg(test)]
mod tests {
    use anteroom_bench_e2ee::{CommitLengths, Operation};

    use super::*;
    use crate::quantiles::Quantiles;

    fn times(median: f64) -> Quantiles {
        Quantiles {
            min: 1.0,
            median,
            max: 1e6,
        }
    }

    #[test]
    fn a_report_shows_which_goals_are_missed() {
        let rows = vec![
            Row::new(Operation::Add, 2, times(1_600.0), times(1_700.0)),
            Row::new(Operation::Words, 2, times(9e5), times(9e5)),
            Row::new(Operation::Add, 10, times(5_000.0), times(3_000.0)),
        ];
        let lengths = CommitLengths {
            commit: 65_536,
            welcome: 114_689,
        };
        let messages = vec![MessageLengths::new(Operation::Add, 2, lengths)];
        let shown = Report::new(7, rows, messages).to_string();
        let lines: Vec<&str> = shown.lines().map(str::trim_end).collect();
        for (line, end) in [
            (3, "1600     met  MISSED"),
            (4, "3800  MISSED     met"),
            (5, "1.0 / 900000.0 / 1000000.0"),
            (8, "commit  65536     met    Welcome 114689  MISSED"),
        ] {
            assert!(lines[line].ends_with(end), "{}", lines[line]);
        }
        assert!(lines[5].starts_with("words"));
    }
}
