//! The activity of one connection: its requests, its answers, and the time without either.

use std::{sync::Arc, time::Duration};

use anteroom_runtime::Slot;
use parking_lot::Mutex;
use tokio::time::{Instant, sleep_until};

/// The maximum times of a connection without progress.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IdleLimits {
    /// The maximum time without a request.
    pub(crate) idle: Duration,
    /// The maximum time in which the client takes nothing of an answer.
    pub(crate) answer: Duration,
}

/// The reason why a connection has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expiry {
    /// No request arrived in time.
    Idle,
    /// The client took nothing of an answer in time.
    Answer,
}

/// The activity of one connection. Clones share it.
///
/// The connection is busy while a request is read or answered. Its slot is idle otherwise, also
/// while an answer waits for a client that does not take it.
#[derive(Clone, Debug)]
pub(crate) struct Activity(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    slot: Slot,
    limits: IdleLimits,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    requests: usize,
    answers: usize,
    /// The time of the last change.
    since: Instant,
}

/// A guard for a request that is being read or answered.
#[derive(Debug)]
pub(crate) struct RequestGuard(Activity);

/// A guard for an answer that is being sent.
#[derive(Debug)]
pub(crate) struct AnswerGuard(Activity);

impl Activity {
    /// Creates the activity of a connection without a request.
    pub(crate) fn new(slot: Slot, limits: IdleLimits) -> Self {
        Self(Arc::new(Inner {
            slot,
            limits,
            state: Mutex::new(State {
                requests: 0,
                answers: 0,
                since: Instant::now(),
            }),
        }))
    }

    pub(crate) fn request(&self) -> RequestGuard {
        let mut state = self.0.state.lock();
        state.requests += 1;
        if state.requests == 1 {
            self.0.slot.set_busy();
        }
        RequestGuard(self.clone())
    }

    /// Completes when the connection is evicted.
    pub(crate) async fn evicted(&self) {
        self.0.slot.evicted().await;
    }

    /// Completes when the connection has made no progress for too long.
    ///
    /// It looks at the activity at the latest after the shorter of the two limits, and at the deadline:
    /// a deadline that is set in between is not before the next look. So requests and answers wake
    /// nothing.
    pub(crate) async fn expired(&self) -> Expiry {
        let IdleLimits { idle, answer } = self.0.limits;
        loop {
            let now = Instant::now();
            let mut look = now.checked_add(idle.min(answer));
            if let Some((deadline, expiry)) = self.deadline() {
                if deadline <= now {
                    return expiry;
                }
                look = look.map(|look| look.min(deadline));
            }
            match look {
                Some(look) => sleep_until(look).await,
                None => std::future::pending().await,
            }
        }
    }

    /// Returns the time at which the connection expires without progress; `None` while a request is
    /// answered.
    fn deadline(&self) -> Option<(Instant, Expiry)> {
        let state = self.0.state.lock();
        let (limit, expiry) = match (state.requests, state.answers) {
            (0, 0) => (self.0.limits.idle, Expiry::Idle),
            (0, _) => (self.0.limits.answer, Expiry::Answer),
            _ => return None,
        };
        state.since.checked_add(limit).map(|at| (at, expiry))
    }
}

impl RequestGuard {
    /// Ends the request, and starts to send its answer.
    pub(crate) fn answer(self) -> AnswerGuard {
        self.0.0.state.lock().answers += 1;
        AnswerGuard(self.0.clone())
    }
}

impl Drop for RequestGuard {
    fn drop(&mut self) {
        let Self(activity) = self;
        let mut state = activity.0.state.lock();
        state.requests = state.requests.saturating_sub(1);
        state.since = Instant::now();
        if state.requests == 0 {
            activity.0.slot.set_idle();
        }
    }
}

impl AnswerGuard {
    /// Records that the client has taken a part of the answer.
    pub(crate) fn note_progress(&self) {
        self.0.0.state.lock().since = Instant::now();
    }
}

impl Drop for AnswerGuard {
    fn drop(&mut self) {
        let Self(activity) = self;
        let mut state = activity.0.state.lock();
        state.answers = state.answers.saturating_sub(1);
        state.since = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;
    use anteroom_runtime::{AdmissionRecorder, BudgetLimits, SharedBudget};

    const SECOND: Duration = Duration::from_secs(1);

    fn budget() -> SharedBudget {
        let limits = BudgetLimits {
            total: 1,
            per_address: 1,
        };
        SharedBudget::new(limits, AdmissionRecorder::default())
    }

    fn activity(budget: &SharedBudget) -> Activity {
        let slot = budget.admit([]).unwrap();
        slot.set_idle();
        let limits = IdleLimits {
            idle: 15 * SECOND,
            answer: 30 * SECOND,
        };
        Activity::new(slot, limits)
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_expires_without_requests_and_with_answers_that_nobody_takes() {
        let activity = activity(&budget());
        let start = Instant::now();
        assert_eq!(activity.expired().await, Expiry::Idle);
        assert_eq!(start.elapsed(), 15 * SECOND);
        // A request has no limit here.
        let request = activity.request();
        assert_eq!(activity.expired().now_or_never(), None);
        tokio::time::advance(100 * SECOND).await;
        assert_eq!(activity.expired().now_or_never(), None);
        let answer = request.answer();
        let start = Instant::now();
        tokio::time::advance(29 * SECOND).await;
        answer.note_progress();
        assert_eq!(activity.expired().await, Expiry::Answer);
        assert_eq!(start.elapsed(), 59 * SECOND);
        let other = activity.request().answer();
        drop(answer);
        tokio::time::advance(20 * SECOND).await;
        assert_eq!(activity.expired().now_or_never(), None);
        drop(other);
        let start = Instant::now();
        assert_eq!(activity.expired().await, Expiry::Idle);
        assert_eq!(start.elapsed(), 15 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_may_have_less_time_than_a_request() {
        let slot = budget().admit([]).unwrap();
        let limits = IdleLimits {
            idle: 15 * SECOND,
            answer: SECOND,
        };
        let activity = Activity::new(slot, limits);
        let start = Instant::now();
        let answer = async {
            tokio::time::sleep(SECOND).await;
            let _answer = activity.request().answer();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            expiry = activity.expired() => assert_eq!(expiry, Expiry::Answer),
            () = answer => {}
        }
        assert_eq!(start.elapsed(), 2 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn idleness_begins_with_the_end_of_an_answer_and_ends_no_later() {
        let activity = activity(&budget());
        let start = Instant::now();
        let answer = async {
            let answer = activity.request().answer();
            tokio::time::sleep(SECOND).await;
            drop(answer);
            std::future::pending::<()>().await;
        };
        tokio::select! {
            // Polls the answer first, so that it has begun before the activity is read.
            biased;
            () = answer => {}
            expiry = activity.expired() => assert_eq!(expiry, Expiry::Idle),
        }
        assert_eq!(start.elapsed(), 16 * SECOND);
    }

    #[test]
    fn a_connection_gives_way_when_it_is_idle_or_its_answer_waits_for_the_client() {
        let budget = budget();
        let activity = activity(&budget);
        let request = activity.request();
        assert!(budget.admit([]).is_err());
        let _answer = request.answer();
        assert!(budget.admit([]).is_ok());
        assert!(activity.evicted().now_or_never().is_some());
    }
}
