//! Failure episodes: the times from a first failure to the next success.
//!
//! ```text
//!            failed: the episode begins          succeeded: recovered
//!   works ───────────────────────────▶ fails ───────────────────────────▶ works
//!                                        │ failed again, 10 min or more after the beginning
//!                                        ▼
//!                                    overdue ─── succeeded ──▶ works
//! ```
//!
//! Each episode counts as a failure at its start, and once more later: as overdue (it needs a
//! person) when a use fails 10 minutes or more after the start, else as recovered (without a
//! restart) when a use succeeds. An episode after which no use follows counts as neither.

use std::{
    fmt::Debug,
    hash::Hash,
    sync::atomic::{AtomicBool, Ordering},
};

use anteroom_protocol::Timestamp;
use parking_lot::Mutex;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

/// The age, in seconds, from which a further failure makes an episode overdue.
const OVERDUE: u64 = 600;
/// The histogram buckets of durations, in seconds: from a second to an hour.
const DURATIONS: [f64; 9] = [1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 3_600.0];

/// The state of one thing that can fail. Each call passes the time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum FailureState {
    #[default]
    None,
    Fails {
        since: Timestamp,
    },
    Overdue {
        since: Timestamp,
    },
}

/// A change of a [`FailureState`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transition {
    Begun,
    BecameOverdue,
    Ended { seconds: u64, recovered: bool },
}

impl FailureState {
    fn failed(&mut self, now: Timestamp) -> Option<Transition> {
        match *self {
            Self::None => {
                *self = Self::Fails { since: now };
                Some(Transition::Begun)
            }
            Self::Fails { since } if since.plus(OVERDUE) <= now => {
                *self = Self::Overdue { since };
                Some(Transition::BecameOverdue)
            }
            Self::Fails { .. } | Self::Overdue { .. } => None,
        }
    }

    fn succeeded(&mut self, now: Timestamp) -> Option<Transition> {
        let (since, recovered) = match std::mem::take(self) {
            Self::None => return None,
            Self::Fails { since } => (since, true),
            Self::Overdue { since } => (since, false),
        };
        let seconds = now.as_secs().saturating_sub(since.as_secs());
        Some(Transition::Ended { seconds, recovered })
    }
}

/// The metrics of the episodes of one kind of thing, by labels.
#[derive(Debug)]
pub(crate) struct EpisodeFamilies<L> {
    failures: Family<L, Counter>,
    recoveries: Family<L, Counter>,
    overdue: Family<L, Counter>,
    failing: Family<L, Gauge>,
    durations: Family<L, Histogram, fn() -> Histogram>,
}

impl<L> EpisodeFamilies<L>
where
    L: Clone + Debug + Eq + Hash + EncodeLabelSet + Send + Sync + 'static,
{
    /// Registers the metrics. Their names begin with `of`, for example `operation`.
    pub(crate) fn register(registry: &mut Registry, of: &str) -> Self {
        let mut counter = |name: &str, help: &str| {
            let family = Family::<L, Counter>::default();
            registry.register(format!("{of}_{name}"), help, family.clone());
            family
        };
        let families = Self {
            failures: counter("failures", "Failure episodes that began"),
            recoveries: counter("recoveries", "Failure episodes that ended by themselves"),
            overdue: counter(
                "failures_overdue",
                "Failure episodes that went on for ten minutes or more",
            ),
            failing: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(DURATIONS)),
        };
        registry.register(
            format!("{of}_failing"),
            "1 while a failure episode goes on",
            families.failing.clone(),
        );
        registry.register(
            format!("{of}_failure_duration_seconds"),
            "From the first failure of an episode to the success that ended it",
            families.durations.clone(),
        );
        families
    }

    pub(crate) fn recorder(&self, labels: &L) -> EpisodeRecorder {
        EpisodeRecorder {
            failures: self.failures.get_or_create_owned(labels),
            recoveries: self.recoveries.get_or_create_owned(labels),
            overdue: self.overdue.get_or_create_owned(labels),
            failing: self.failing.get_or_create_owned(labels),
            durations: self.durations.get_or_create_owned(labels),
            state: Mutex::default(),
            is_open: AtomicBool::new(false),
        }
    }
}

/// Records the episodes of one thing.
#[derive(Debug)]
pub(crate) struct EpisodeRecorder {
    failures: Counter,
    recoveries: Counter,
    overdue: Counter,
    failing: Gauge,
    durations: Histogram,
    state: Mutex<FailureState>,
    /// Saves a success the lock.
    is_open: AtomicBool,
}

impl EpisodeRecorder {
    pub(crate) fn failed(&self, now: Timestamp) {
        let mut episode = self.state.lock();
        self.record(episode.failed(now));
        self.is_open.store(true, Ordering::Release);
    }

    pub(crate) fn succeeded(&self, now: Timestamp) {
        if self.is_open.load(Ordering::Acquire) {
            let mut episode = self.state.lock();
            self.record(episode.succeeded(now));
            self.is_open.store(false, Ordering::Release);
        }
    }

    /// Returns the numbers of recovered and of overdue episodes.
    pub(crate) fn ends(&self) -> (u64, u64) {
        (self.recoveries.get(), self.overdue.get())
    }

    fn record(&self, change: Option<Transition>) {
        match change {
            None => {}
            Some(Transition::Begun) => {
                self.failures.inc();
                self.failing.inc();
            }
            Some(Transition::BecameOverdue) => {
                self.overdue.inc();
            }
            Some(Transition::Ended { seconds, recovered }) => {
                self.failing.dec();
                // Whole seconds are exact far beyond the life of a process.
                self.durations
                    .observe(u32::try_from(seconds).unwrap_or(u32::MAX).into());
                if recovered {
                    self.recoveries.inc();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use Transition::{BecameOverdue, Begun, Ended};

    use super::*;

    const START: Timestamp = Timestamp::from_secs(1_700_000_000);

    #[test]
    fn an_episode_is_recovered_by_a_later_success_and_overdue_when_it_still_fails_after_ten_minutes()
     {
        let ended = |seconds, recovered| Some(Ended { seconds, recovered });
        // The second, whether the use succeeded, and the expected change.
        for steps in [
            &[(0, true, None), (1, true, None)][..],
            &[(0, false, Some(Begun)), (0, true, ended(0, true))],
            &[
                (0, false, Some(Begun)),
                (9, false, None),
                (599, false, None),
                (599, true, ended(599, true)),
                (600, false, Some(Begun)),
            ],
            // There is no use in between.
            &[(0, false, Some(Begun)), (7_200, true, ended(7_200, true))],
            &[
                (0, false, Some(Begun)),
                (600, false, Some(BecameOverdue)),
                (1_300, false, None),
                (1_301, true, ended(1_301, false)),
                (1_302, true, None),
            ],
        ] {
            let mut state = FailureState::default();
            for (at, succeeded, expected) in steps {
                let now = START.plus(*at);
                let change = match succeeded {
                    true => state.succeeded(now),
                    false => state.failed(now),
                };
                assert_eq!(change, *expected, "{steps:?} at {at}");
            }
        }
        let mut set_back = FailureState::Fails { since: START };
        assert_eq!(set_back.succeeded(Timestamp::from_secs(0)), ended(0, true));
    }
}
