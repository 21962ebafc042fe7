//! A circuit breaker: a provider that fails repeatedly is not asked for a while.
//!
//! ```text
//!            FAILURES in a row                 PAUSE is over: one trial
//!   closed ─────────────────────▶ open ──────────────────────────────────▶ trial
//!     ▲                            ▲                                         │
//!     │                            └──────────────── failed ─────────────────┤
//!     └───────────────────────────────────────── succeeded ──────────────────┘
//! ```

use anteroom_protocol::Timestamp;
use anteroom_runtime::Health;

/// The number of consecutive failures that open the circuit.
const FAILURES: u32 = 5;
/// The time, in seconds, for which the circuit stays open. A trial may take as long before the next
/// one.
pub(crate) const PAUSE: u64 = 30;

/// Decides whether to ask the provider. Each call passes the time.
#[derive(Debug)]
pub(crate) struct Breaker(State);

#[derive(Clone, Copy, Debug)]
enum State {
    Closed {
        failures: u32,
    },
    /// No request is sent before `until`.
    Open {
        until: Timestamp,
    },
    /// One trial runs. If its result is never reported, the next may start at `until`.
    Trial {
        until: Timestamp,
    },
}

impl Breaker {
    pub(crate) const fn new() -> Self {
        Self(State::Closed { failures: 0 })
    }

    /// Returns whether to send a request now. The caller reports the result of an admitted request.
    pub(crate) fn admit(&mut self, now: Timestamp) -> bool {
        match self.0 {
            State::Closed { .. } => true,
            State::Open { until } | State::Trial { until } => {
                // A clock that was set back must not keep the circuit open for longer.
                let is_over = now >= until || until > now.plus(PAUSE);
                if is_over {
                    self.0 = State::Trial {
                        until: now.plus(PAUSE),
                    };
                }
                is_over
            }
        }
    }

    pub(crate) fn succeeded(&mut self) {
        self.0 = State::Closed { failures: 0 };
    }

    pub(crate) fn failed(&mut self, now: Timestamp) {
        self.0 = match self.0 {
            State::Closed { failures } if failures.saturating_add(1) < FAILURES => State::Closed {
                failures: failures.saturating_add(1),
            },
            State::Closed { .. } | State::Trial { .. } => State::Open {
                until: now.plus(PAUSE),
            },
            // The request began before the circuit opened, so that its result is not used.
            State::Open { until } => State::Open { until },
        };
    }

    /// Returns the health after the last request.
    pub(crate) const fn health(&self) -> Health {
        match self.0 {
            State::Closed { failures: 0 } => Health::Ok,
            State::Closed { .. } => Health::Degraded,
            State::Open { .. } | State::Trial { .. } => Health::Failing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_secs(1_700_000_000);

    /// A step of a scenario, in seconds from the start.
    #[derive(Clone, Copy, Debug)]
    enum Step {
        /// A request for admission, and whether it is admitted.
        Ask(u64, bool),
        Fail(u64),
        Succeed,
        Is(Health),
    }

    use Step::{Ask, Fail, Is, Succeed};

    fn play(steps: impl IntoIterator<Item = Step>) {
        let mut breaker = Breaker::new();
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Ask(at, admitted) => {
                    assert_eq!(
                        breaker.admit(START.plus(at)),
                        admitted,
                        "{number}: {step:?}"
                    );
                }
                Fail(at) => breaker.failed(START.plus(at)),
                Succeed => breaker.succeeded(),
                Is(health) => assert_eq!(breaker.health(), health, "{number}: {step:?}"),
            }
        }
    }

    fn open_at(at: u64) -> impl Iterator<Item = Step> {
        (0..FAILURES).flat_map(move |_| [Ask(at, true), Fail(at)])
    }

    #[test]
    fn five_failures_in_a_row_open_it_and_four_do_not() {
        play([Is(Health::Ok)]);
        play(
            (0..4)
                .map(Fail)
                .chain([Is(Health::Degraded), Ask(4, true), Fail(4)])
                .chain([Is(Health::Failing), Ask(4, false)]),
        );
    }

    #[test]
    fn a_success_in_between_starts_the_count_anew() {
        play(
            (0..4)
                .map(Fail)
                .chain([Succeed, Is(Health::Ok)])
                .chain((5..9).map(Fail))
                .chain([Ask(9, true)]),
        );
    }

    #[test]
    fn after_the_pause_one_may_try_and_decides() {
        let trial = [
            Ask(29, false),
            Ask(30, true),
            Ask(30, false),
            Ask(59, false),
        ];
        play(
            open_at(0)
                .chain(trial)
                .chain([Succeed, Ask(59, true), Ask(59, true)]),
        );
        let failed = [Fail(31), Ask(60, false), Ask(61, true), Is(Health::Failing)];
        play(open_at(0).chain(trial).chain(failed));
    }

    #[test]
    fn a_trial_that_never_ends_is_followed_by_another() {
        play(open_at(0).chain([Ask(30, true), Ask(59, false), Ask(60, true), Ask(60, false)]));
    }

    #[test]
    fn a_late_failure_does_not_prolong_the_pause() {
        play(open_at(0).chain([Fail(20), Ask(30, true)]));
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_keep_it_open() {
        play(open_at(10_000).chain([Ask(10_000, false), Ask(0, true), Ask(0, false)]));
    }
}
