//! The measurement of one phase of an attack, and its goals.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::bystanders::MediaMeasurements;
use crate::server::ResourceUsage;

/// The phase of a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Phase {
    Before,
    During,
    After,
}

/// The bounds of a measurement. In addition, an admin must be able to act.
#[derive(Clone, Copy, Debug)]
pub(super) struct Thresholds {
    /// The minimum percentage of answered requests of legitimate clients.
    answered: f64,
    /// The 99th percentile of their times, in milliseconds.
    p99: Option<f64>,
    /// The services' resident memory during an attack, in MiB.
    memory: f64,
    /// The maximum number of batches of credentials for one account, however often it asks.
    batches: u64,
    /// The maximum rise of the 99th percentile of the time between two sounds, in milliseconds.
    gap_rise: Option<f64>,
    /// The maximum percentage of sounds that are not heard.
    lost: f64,
}

/// The numbers of requests and of answers of one kind.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Count {
    pub(super) requests: u32,
    pub(super) answered: u32,
}

/// The count of an attacker's attempts.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Attempts {
    /// Attempts that were begun.
    attempts: u64,
    /// Attempts that the services refused or interrupted.
    failures: u64,
    /// Batches of credentials that were issued.
    batches: u64,
    /// Datagrams that came to addresses which had proved nothing.
    unproven: u64,
}

/// The completed rounds of an admin's actions, and the failure that ended them.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct AdminRounds {
    pub(super) rounds: u32,
    pub(super) failure: Option<String>,
}

/// The measurements of one phase.
#[derive(Debug, Default)]
pub(super) struct PhaseMeasurements {
    /// The counts by operation.
    pub(super) operations: BTreeMap<&'static str, Count>,
    /// The texts of errors, with their numbers.
    pub(super) failures: BTreeMap<String, u32>,
    /// The durations of the answered requests.
    latencies: Vec<Duration>,
    /// The maximum memory of the services, in KiB.
    memory: u64,
    files: usize,
    /// The share of one processor, in per cent.
    pub(super) server_cpu: f64,
    pub(super) attacker_cpu: Option<f64>,
    pub(super) attempts: Option<Attempts>,
    /// Whether the attack reached its full force before the measurement.
    pub(super) full_force: Option<bool>,
    /// `None` if no call is attacked.
    pub(super) admin: Option<AdminRounds>,
    /// `None` if media are not attacked.
    pub(super) media: Option<MediaMeasurements>,
}

impl Thresholds {
    pub(super) const ALL: Self = Self {
        answered: 99.0,
        p99: Some(1_000.0),
        memory: 256.0,
        // A bucket of 48, and some room for settings.
        batches: 64,
        gap_rise: Some(5.0),
        lost: 0.0,
    };
    /// The goals for a machine with other load, without times. While its cores are taken from the media server, what
    /// floods it fills the buffer of the socket, and the system drops what comes then.
    pub(super) const WITHOUT_TIMES: Self = Self {
        p99: None,
        gap_rise: None,
        lost: 5.0,
        ..Self::ALL
    };
}

impl PhaseMeasurements {
    pub(super) fn add(
        &mut self,
        operation: &'static str,
        outcome: Result<(), String>,
        latency: Duration,
    ) {
        let count = self.operations.entry(operation).or_default();
        count.requests += 1;
        match outcome {
            Ok(()) => {
                count.answered += 1;
                self.latencies.push(latency);
            }
            Err(error) => *self.failures.entry(error).or_default() += 1,
        }
    }

    pub(super) fn note(&mut self, resource_usage: ResourceUsage) {
        self.memory = self.memory.max(resource_usage.memory);
        self.files = self.files.max(resource_usage.files);
    }

    pub(super) fn requests(&self) -> u32 {
        self.operations.values().map(|count| count.requests).sum()
    }

    /// Returns the percentage of answered requests.
    pub(super) fn answered(&self) -> f64 {
        let answered: u32 = self.operations.values().map(|count| count.answered).sum();
        f64::from(answered) * 100.0 / f64::from(self.requests().max(1))
    }

    /// Returns the `percent`th percentile of the times, in milliseconds; `None` without answers.
    pub(super) fn percentile(&self, percent: usize) -> Option<f64> {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        let latency = sorted.get(rank - 1)?;
        Some(latency.as_secs_f64() * 1_000.0)
    }

    /// Returns the memory in MiB.
    pub(super) fn memory(&self) -> f64 {
        self.memory as f64 / 1024.0
    }

    pub(super) const fn files(&self) -> usize {
        self.files
    }

    /// Returns the missed goals.
    pub(super) fn faults(&self, phase: Phase, goals: Thresholds) -> Vec<String> {
        let mut faults = Vec::new();
        let answered = self.answered();
        if answered < goals.answered {
            faults.push(format!("{answered:.1} % answered{}", self.worst()));
        }
        if let (Some(p99), Some(goal)) = (self.percentile(99), goals.p99)
            && p99 > goal
        {
            faults.push(format!("p99 {p99:.0} ms"));
        }
        if phase == Phase::During && self.memory() > goals.memory {
            faults.push(format!("{:.0} MiB", self.memory()));
        }
        let batches = self.attempts.map_or(0, |attempts| attempts.batches);
        if batches > goals.batches {
            faults.push(format!("{batches} batches for one account"));
        }
        let unproven = self.attempts.map_or(0, |attempts| attempts.unproven);
        if unproven > 0 {
            faults.push(format!(
                "{unproven} datagrams to addresses that proved nothing"
            ));
        }
        if let Some(media) = self.media {
            faults.extend(media_faults(media, goals));
        }
        if let Some(failure) = self
            .admin
            .as_ref()
            .and_then(|rounds| rounds.failure.as_ref())
        {
            faults.push(format!("an admin cannot {failure}"));
        }
        faults
    }

    /// Returns the kind of request of which the smallest part was answered.
    fn worst(&self) -> String {
        let part = |count: &Count| f64::from(count.answered) / f64::from(count.requests.max(1));
        let mut counts = self.operations.iter().collect::<Vec<_>>();
        counts.sort_by(|(_, one), (_, other)| part(one).total_cmp(&part(other)));
        counts.first().map_or_else(String::new, |(name, count)| {
            format!(" ({name}: {} of {})", count.answered, count.requests)
        })
    }
}

/// Returns the missed goals of those who talk.
fn media_faults(media: MediaMeasurements, goals: Thresholds) -> Vec<String> {
    let MediaMeasurements { sounds, lost, .. } = media;
    let mut faults = Vec::new();
    if f64::from(lost) * 100.0 > f64::from(sounds) * goals.lost || sounds == 0 {
        faults.push(format!("{lost} of {sounds} sounds lost"));
    }
    if let (Some(before), Some(rise)) = (media.before_p99_ms, goals.gap_rise)
        && media.gap_p99_ms > before + rise
    {
        let now = media.gap_p99_ms;
        faults.push(format!(
            "p99 between sounds {now:.1} ms instead of {before:.1} ms"
        ));
    }
    faults
}

/// Returns the share of one processor, in per cent.
pub(super) fn share(used: Duration, elapsed: Duration) -> f64 {
    used.as_secs_f64() * 100.0 / elapsed.as_secs_f64().max(f64::EPSILON)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measurements(
        answered: u32,
        refused: u32,
        milliseconds: u64,
        memory: u64,
    ) -> PhaseMeasurements {
        let mut measurements = PhaseMeasurements::default();
        for _ in 0..answered {
            measurements.add("link", Ok(()), Duration::from_millis(milliseconds));
        }
        for _ in 0..refused {
            measurements.add("link", Err("no".to_owned()), Duration::from_secs(5));
        }
        measurements.note(ResourceUsage { memory, files: 7 });
        measurements
    }

    #[test]
    fn percentiles_are_of_the_answers_alone() {
        let mut measurements = measurements(98, 1, 10, 0);
        measurements.add("join", Ok(()), Duration::from_millis(30));
        measurements.add("join", Ok(()), Duration::from_millis(20));
        assert_eq!(measurements.percentile(50), Some(10.0));
        assert_eq!(measurements.percentile(99), Some(20.0));
        assert_eq!(measurements.percentile(100), Some(30.0));
        assert_eq!(measurements.requests(), 101);
        assert_eq!(PhaseMeasurements::default().percentile(99), None);
    }

    #[test]
    fn every_goal_that_is_missed_is_a_fault() {
        const MIB: u64 = 1024;
        let cases = [
            ((99, 1, 10, 100 * MIB), Phase::During, vec![]),
            (
                (98, 2, 10, 100 * MIB),
                Phase::During,
                vec!["98.0 % answered (link: 98 of 100)"],
            ),
            (
                (0, 9, 10, 100 * MIB),
                Phase::After,
                vec!["0.0 % answered (link: 0 of 9)"],
            ),
            ((9, 0, 1_001, 0), Phase::During, vec!["p99 1001 ms"]),
            ((9, 0, 10, 257 * MIB), Phase::During, vec!["257 MiB"]),
            ((9, 0, 10, 257 * MIB), Phase::After, vec![]),
        ];
        for ((answered, refused, milliseconds, memory), phase, faults) in cases {
            let measurements = measurements(answered, refused, milliseconds, memory);
            assert_eq!(measurements.faults(phase, Thresholds::ALL), faults);
        }
        let slow = measurements(9, 0, 1_001, 0);
        assert!(
            slow.faults(Phase::During, Thresholds::WITHOUT_TIMES)
                .is_empty()
        );
    }

    #[test]
    fn an_admin_who_cannot_act_is_a_fault() {
        let mut measurements = measurements(9, 0, 10, 0);
        measurements.admin = Some(AdminRounds {
            rounds: 1,
            failure: Some("approve: no answer in time".to_owned()),
        });
        let faults = measurements.faults(Phase::During, Thresholds::WITHOUT_TIMES);
        assert_eq!(faults, ["an admin cannot approve: no answer in time"]);
    }

    #[test]
    fn batches_without_end_for_one_account_are_a_fault() {
        for (batches, faults) in [(64, vec![]), (65, vec!["65 batches for one account"])] {
            let mut measurements = measurements(9, 0, 10, 0);
            measurements.attempts = Some(Attempts {
                attempts: 99,
                failures: 0,
                batches,
                unproven: 0,
            });
            let found = measurements.faults(Phase::During, Thresholds::WITHOUT_TIMES);
            assert_eq!(found, faults);
        }
    }

    #[test]
    fn lost_sounds_and_datagrams_to_strangers_are_faults_and_late_ones_in_the_long_run() {
        let media = |lost, gap_p99_ms| MediaMeasurements {
            sounds: 100,
            lost,
            gap_p99_ms,
            longest_gap_ms: 90.0,
            before_p99_ms: Some(21.0),
        };
        let late = "p99 between sounds 26.5 ms instead of 21.0 ms";
        for (measured, goals, faults) in [
            (media(0, 26.0), Thresholds::ALL, vec![]),
            (media(0, 26.5), Thresholds::ALL, vec![late]),
            (media(0, 26.5), Thresholds::WITHOUT_TIMES, vec![]),
            (
                media(1, 21.0),
                Thresholds::ALL,
                vec!["1 of 100 sounds lost"],
            ),
            (media(5, 21.0), Thresholds::WITHOUT_TIMES, vec![]),
            (
                media(6, 21.0),
                Thresholds::WITHOUT_TIMES,
                vec!["6 of 100 sounds lost"],
            ),
        ] {
            let mut measurements = measurements(9, 0, 10, 0);
            measurements.media = Some(measured);
            assert_eq!(measurements.faults(Phase::During, goals), faults);
        }
        let mut measurements = measurements(9, 0, 10, 0);
        measurements.attempts = Some(Attempts {
            attempts: 9,
            failures: 0,
            batches: 0,
            unproven: 1,
        });
        let found = measurements.faults(Phase::During, Thresholds::WITHOUT_TIMES);
        assert_eq!(found, ["1 datagrams to addresses that proved nothing"]);
    }

    #[test]
    fn nobody_who_asks_is_no_success() {
        let faults = PhaseMeasurements::default().faults(Phase::Before, Thresholds::ALL);
        assert_eq!(faults, ["0.0 % answered"]);
    }
}
