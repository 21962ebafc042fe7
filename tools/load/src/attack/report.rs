//! A row for each phase, and all of them together.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;

use super::{
    bystanders::MediaMeasurements,
    case::Case,
    measurements::{AdminRounds, Attempts, Count, Phase, PhaseMeasurements, Thresholds},
};
use crate::attacker::Attack;

/// The rows of all attacks, with the verdict.
#[derive(Serialize)]
pub(super) struct Report {
    passed: bool,
    /// Slots that the limit of open files leaves to an attacker.
    connections: u32,
    rows: Vec<Row>,
}

/// The results of one phase.
#[derive(Serialize)]
pub(super) struct Row {
    case: Case,
    attack: Option<Attack>,
    phase: Phase,
    requests: u32,
    answered_percent: f64,
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
    peak_memory_mib: f64,
    peak_descriptors: usize,
    server_cpu_percent: f64,
    attacker_cpu_percent: Option<f64>,
    attacker: Option<Attempts>,
    full_force: Option<bool>,
    admin: Option<AdminRounds>,
    media: Option<MediaMeasurements>,
    operations: BTreeMap<&'static str, Count>,
    failures: BTreeMap<String, u32>,
    /// Empty if all goals are reached.
    faults: Vec<String>,
}

impl Report {
    pub(super) const fn new(connections: u32) -> Self {
        Self {
            passed: true,
            connections,
            rows: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, row: Row) {
        self.passed &= row.faults.is_empty();
        self.rows.push(row);
    }

    pub(super) const fn passed(&self) -> bool {
        self.passed
    }

    /// Returns the first lines of the table.
    pub(super) fn heading(&self) -> String {
        let columns = format!(
            "{:<42} {:<6} {:>8} {:>10} {:>8} {:>8} {:>8} {:>6} {:>6} {:>6} {:>6} {:>6}  verdict",
            "case / attack",
            "phase",
            "requests",
            "answered %",
            "p50 ms",
            "p99 ms",
            "RSS MiB",
            "files",
            "cpu %",
            "load %",
            "lost",
            "gap ms",
        );
        let most = Case::chosen(&[])
            .iter()
            .flat_map(|case| case.attacks())
            .map(|attack| attack.plan().slots)
            .max();
        let scale = most.filter(|most| *most > self.connections).map(|most| {
            format!(
                "attacks of up to {most} connections are scaled down to {}: raise the hard limit of \
                 open files (ulimit -Hn)\n",
                self.connections
            )
        });
        scale.unwrap_or_default() + &columns
    }

    /// Returns the last line of the table.
    pub(super) fn verdict(&self) -> String {
        let missed = self.rows.iter().filter(|row| !row.faults.is_empty());
        match missed.count() {
            0 => "all goals are reached".to_owned(),
            count => format!("{count} of {} phases miss a goal", self.rows.len()),
        }
    }
}

impl Row {
    pub(super) fn new(
        case: Case,
        attack: Option<Attack>,
        phase: Phase,
        measurements: PhaseMeasurements,
        goals: Thresholds,
    ) -> Self {
        Self {
            case,
            attack,
            phase,
            requests: measurements.requests(),
            answered_percent: measurements.answered(),
            p50_ms: measurements.percentile(50),
            p99_ms: measurements.percentile(99),
            peak_memory_mib: measurements.memory(),
            peak_descriptors: measurements.files(),
            server_cpu_percent: measurements.server_cpu,
            attacker_cpu_percent: measurements.attacker_cpu,
            attacker: measurements.attempts,
            full_force: measurements.full_force,
            faults: measurements.faults(phase, goals),
            admin: measurements.admin,
            media: measurements.media,
            operations: measurements.operations,
            failures: measurements.failures,
        }
    }

    /// Returns the verdict in a few words.
    fn verdict(&self) -> String {
        if !self.faults.is_empty() {
            return format!("FAILED: {}", self.faults.join("; "));
        }
        self.admin.as_ref().map_or_else(
            || "ok".to_owned(),
            |admin| format!("ok, an admin acts ({} times)", admin.rounds),
        )
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.attack {
            Some(attack) => format!("{} / {}", self.case.name(), attack.name()),
            None => self.case.name().to_owned(),
        };
        let phase = format!("{:?}", self.phase).to_lowercase();
        let milliseconds =
            |time: Option<f64>| time.map_or_else(|| "-".to_owned(), |time| format!("{time:.0}"));
        write!(
            f,
            "{name:<42} {phase:<6} {:>8} {:>10.1} {:>8} {:>8} {:>8.1} {:>6} {:>6.0} {:>6} {:>6} {:>6}  {}{}",
            self.requests,
            self.answered_percent,
            milliseconds(self.p50_ms),
            milliseconds(self.p99_ms),
            self.peak_memory_mib,
            self.peak_descriptors,
            self.server_cpu_percent,
            milliseconds(self.attacker_cpu_percent),
            milliseconds(self.media.map(|media| media.lost.into())),
            milliseconds(self.media.map(|media| media.gap_p99_ms)),
            self.verdict(),
            match self.full_force {
                Some(false) => " (the attack was not in full force)",
                _ => "",
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(attack: Option<Attack>, answered: bool) -> Row {
        let mut measurements = PhaseMeasurements::default();
        let outcome = if answered {
            Ok(())
        } else {
            Err("no".to_owned())
        };
        measurements.add("link", outcome, std::time::Duration::from_millis(5));
        let phase = attack.map_or(Phase::Before, |_| Phase::During);
        Row::new(
            Case::SlowBodies,
            attack,
            phase,
            measurements,
            Thresholds::ALL,
        )
    }

    #[test]
    fn json_has_the_documented_members() {
        let mut report = Report::new(7);
        report.add(row(None, true));
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["passed"], true);
        assert_eq!(json["connections"], 7);
        let documentation = include_str!("../../../../docs/performance/attack.md");
        let row = json["rows"][0].as_object().unwrap();
        assert!(row["attack"].is_null());
        for member in row.keys() {
            let documented = documentation.contains(&format!("`{member}`"));
            assert!(documented, "{member} is not documented");
        }
    }

    #[test]
    fn one_missed_goal_fails_the_report_and_is_named() {
        let mut report = Report::new(u32::MAX);
        report.add(row(None, true));
        assert!(report.passed());
        assert_eq!(report.verdict(), "all goals are reached");
        let missed = row(Some(Attack::SlowStreams), false);
        let line = missed.to_string();
        assert!(line.starts_with("slow-bodies / HTTP/2 "), "{line}");
        assert!(
            line.ends_with("FAILED: 0.0 % answered (link: 0 of 1)"),
            "{line}"
        );
        report.add(missed);
        assert!(!report.passed());
        assert_eq!(report.verdict(), "1 of 2 phases miss a goal");
    }

    #[test]
    fn too_few_open_files_are_told_in_the_first_line() {
        assert!(Report::new(100).heading().starts_with("attacks of up to"));
        assert!(Report::new(u32::MAX).heading().starts_with("case / attack"));
    }
}
