//! The measurements as a table or as JSON.

use std::fmt;

use serde::Serialize;

use crate::{cores::Cores, quantiles::Quantiles};

/// The required number of answered peeks in the time of one verification by the npm client.
const GOAL: f64 = 4.0;
/// The operations with a goal, and their description. The npm client verifies each presentation.
const JUDGED: [(&str, &str); 2] = [
    ("peek_fresh", "every presentation new, each one verified"),
    (
        "peek_repeated",
        "one presentation again and again, verified once and then remembered",
    ),
];

/// All measurements of one run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    rounds: u32,
    unit: &'static str,
    service_cores: usize,
    load_cores: usize,
    npm_verify: Quantiles,
    operations: Vec<Row>,
    verdicts: Vec<GoalResult>,
}

/// Whether an operation reaches the goal.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct GoalResult {
    operation: &'static str,
    #[serde(skip)]
    what: &'static str,
    ratio: f64,
    goal: f64,
    met: bool,
}

/// One operation.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Row {
    operation: &'static str,
    #[serde(skip)]
    name: &'static str,
    anteroom: Quantiles,
    /// The number of these operations in the time of one verification by the npm client, by the medians.
    ratio: f64,
}

impl Report {
    pub(super) fn new(
        rounds: u32,
        cores: &Cores,
        npm_verify: Quantiles,
        operations: Vec<Row>,
    ) -> Self {
        Self {
            verdicts: verdicts(&operations),
            rounds,
            unit: "per second",
            service_cores: cores.services.len(),
            load_cores: cores.load.len(),
            npm_verify,
            operations,
        }
    }
}

fn verdicts(operations: &[Row]) -> Vec<GoalResult> {
    let judged = JUDGED.into_iter().filter_map(|(operation, what)| {
        let row = operations.iter().find(|row| row.operation == operation)?;
        Some(GoalResult {
            operation,
            what,
            ratio: row.ratio,
            goal: GOAL,
            met: row.ratio >= GOAL,
        })
    });
    judged.collect()
}

impl Row {
    pub(super) fn new(
        operation: &'static str,
        name: &'static str,
        anteroom: Quantiles,
        npm: &Quantiles,
    ) -> Self {
        Self {
            operation,
            name,
            anteroom,
            ratio: anteroom.median / npm.median,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "per second: min/median/max of {} interleaved rounds; the services on {} core(s), the \
             load on {} other(s), the npm client on the services'",
            self.rounds, self.service_cores, self.load_cores
        )?;
        writeln!(f)?;
        writeln!(
            f,
            "{:<46} {:>24}",
            "npm client: verification alone",
            self.npm_verify.to_string()
        )?;
        for row in &self.operations {
            writeln!(
                f,
                "{:<46} {:>24} {:>7.2}x",
                row.name,
                row.anteroom.to_string(),
                row.ratio
            )?;
        }
        writeln!(
            f,
            "\nA peek is a whole request to a room with a call on, its data in SQLite; the npm client\n\
             verifies one presentation again and again in a loop of Node.js, without HTTP and data.\n"
        )?;
        write!(
            f,
            "goal: {GOAL} peeks in the time of one verification by the npm client, by the medians"
        )?;
        for verdict in &self.verdicts {
            write!(f, "\n  {verdict}")?;
        }
        Ok(())
    }
}

impl fmt::Display for GoalResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.met { "met" } else { "missed" };
        write!(f, "{word}, {:.2}x: {}", self.ratio, self.what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(operation: &'static str, rate: f64) -> Row {
        let [ours, npm] = [rate, 100.0].map(|rate| Quantiles::of(vec![rate]).unwrap());
        Row::new(operation, operation, ours, &npm)
    }

    #[test]
    fn each_kind_of_peek_is_held_to_the_goal_by_itself() {
        let rows = vec![
            row("peek_fresh", 399.0),
            row("peek_repeated", 400.0),
            row("health", 10_000.0),
        ];
        let cores = Cores {
            services: vec![0],
            load: vec![1],
        };
        let report = Report::new(1, &cores, Quantiles::of(vec![100.0]).unwrap(), rows);
        let met: Vec<_> = report
            .verdicts
            .iter()
            .map(|verdict| (verdict.operation, verdict.met))
            .collect();
        assert_eq!(met, [("peek_fresh", false), ("peek_repeated", true)]);
        let text = report.to_string();
        for said in [
            "missed, 3.99x: every presentation new",
            "met, 4.00x: one presentation again and again",
        ] {
            assert!(text.contains(said), "{text}");
        }
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["verdicts"][0]["met"], false);
    }
}
