//! The table of a run, and its bounds.

use std::time::Duration;

use anyhow::Result;

use crate::{condition::Row, output::say, removal::Removal};

/// The time in which a turn is heard by all.
const HEARD: Duration = Duration::from_millis(300);

/// The time from a join to the first frame that is heard.
const JOINED: Duration = Duration::from_millis(500);

/// The share of concealed sound, in percent, and the gaps a minute.
const CONCEALED: f64 = 8.0;
const GAPS: f64 = 1.0;

/// The share of listeners that a short run asks for, in percent. On a machine with other work somebody may be between
/// two epochs of the group for as long as a turn takes.
const HEARD_IN_SHORT: usize = 90;

/// The maximum number of failures that are listed.
const LISTED: usize = 20;

/// The head of the table.
const HEADER: &str = "| Condition | Participants | Heard after ms, p50 / p99 / worst | Not heard | Pictures seen | \
    Gaps over 200 ms | Concealed % | Missed before the first frame, % | Incidents |";

/// The results of a run.
pub(crate) struct Report {
    pub(crate) rows: Vec<Row>,
    pub(crate) joins: Vec<(u32, Duration)>,
    pub(crate) removal: Removal,
    /// Whether nothing is judged but that nearly all hear, and that a removed device gets nothing.
    pub(crate) is_short: bool,
    pub(crate) complaints: Vec<String>,
}

impl Report {
    /// Returns whether all bounds hold.
    pub(crate) fn holds(&self) -> bool {
        self.broken().is_empty()
    }

    /// Returns the bounds that are broken.
    fn broken(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for row in &self.rows {
            let name = row.condition.name;
            let mut expect = |is_so: bool, what: String| {
                if !is_so {
                    broken.push(format!("{name}: {what}"));
                }
            };
            let absent = row.failures.len();
            let all = row.heard.len() + absent;
            let needed = if self.is_short { HEARD_IN_SHORT } else { 100 };
            expect(
                row.heard.len() * 100 >= all * needed,
                format!("{absent} of {all} did not hear, or were not there"),
            );
            if self.is_short {
                continue;
            }
            expect(
                row.unseen.is_empty(),
                format!("{} pictures were not seen", row.unseen.len()),
            );
            let worst = row.heard.iter().max().copied().unwrap_or_default();
            let late = row.heard.iter().filter(|time| **time > HEARD).count();
            expect(
                late == 0,
                format!(
                    "{late} heard a turn later than after 300 ms, one after {} ms",
                    worst.as_millis()
                ),
            );
            if row.condition.bounds_sound {
                let (concealed, gaps) =
                    (row.playout.concealed_percent(), row.playout.gaps_a_minute());
                expect(
                    concealed < CONCEALED,
                    format!("{concealed:.1} % of the sound is concealed"),
                );
                expect(gaps <= GAPS, format!("{gaps:.2} gaps a minute"));
            }
        }
        let slowest = self.joins.iter().map(|(_, time)| *time).max();
        if !self.is_short && slowest.is_none_or(|slowest| slowest >= JOINED) {
            broken.push("a join takes 500 ms or more to the first frame".to_owned());
        }
        if !self.removal.holds() {
            broken.push("a removed device gets something".to_owned());
        }
        if !self.complaints.is_empty() {
            broken.push(format!("{} errors", self.complaints.len()));
        }
        broken
    }

    /// Prints the table and the judgement.
    pub(crate) fn print(&self) -> Result<()> {
        say("")?;
        say(HEADER)?;
        say("|---|---:|---:|---:|---:|---:|---:|---:|---:|")?;
        for row in &self.rows {
            let turns = row.playout.frames + row.playout.missed;
            let missed = f64::from(row.playout.missed) * 100.0 / f64::from(turns.max(1));
            say(&format!(
                "| {} | {} | {} | {} | {} of {} | {} in {:.1} min | {:.2} | {missed:.2} | {} |",
                row.condition.name,
                row.participants,
                quantiles(&row.heard, 99),
                row.failures.len(),
                row.seen,
                row.to_see,
                row.playout.gaps,
                f64::from(row.playout.frames) * 0.02 / 60.0,
                row.playout.concealed_percent(),
                row.incidents,
            ))?;
        }
        say("")?;
        let joins: Vec<Duration> = self.joins.iter().map(|(_, time)| *time).collect();
        say(&format!(
            "{} joins to the first frame heard, ms, p50 / p90 / worst: {}",
            joins.len(),
            quantiles(&joins, 90)
        ))?;
        let Removal {
            packets,
            heard_of_removed,
            packets_of_other,
            opened_by_other,
            failures,
        } = &self.removal;
        say(&format!(
            "a removed device got {packets} packets and was heard by {heard_of_removed}; its keys opened \
             {opened_by_other} frames of the {packets_of_other} packets that another device got"
        ))?;
        let unsent: u32 = self.rows.iter().map(|row| row.unsent).sum();
        if unsent > 0 {
            say(&format!("{unsent} frames of turns were not sent"))?;
        }
        let lists = self
            .rows
            .iter()
            .flat_map(|row| [&row.failures, &row.unseen]);
        for list in lists.chain([failures, &self.complaints]) {
            for failure in list.iter().take(LISTED) {
                say(&format!("  {failure}"))?;
            }
        }
        let broken = self.broken();
        for bound in &broken {
            say(&format!("BROKEN  {bound}"))?;
        }
        say(match broken.is_empty() {
            true => "it holds",
            false => "it does not hold",
        })?;
        Ok(())
    }
}

/// Returns the half, another percentage and the whole of times, in milliseconds.
fn quantiles(times: &[Duration], percent: usize) -> String {
    let mut times = times.to_vec();
    times.sort_unstable();
    let at = |percent: usize| {
        let place = (times.len() * percent).div_ceil(100).saturating_sub(1);
        times.get(place).copied().unwrap_or_default().as_millis()
    };
    format!("{} / {} / {}", at(50), at(percent), at(100))
}
