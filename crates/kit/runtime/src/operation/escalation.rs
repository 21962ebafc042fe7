//! The rules for alerts about the operations of one scope, an area or a whole service.
//!
//! ```text
//! rule                   raised by                                  cleared by
//! error_rate             failed > 5 % of succeeded + failed within  a share of 5 % or less, seen at
//!                        a minute, and more than one failed         a success or as time passes
//! consecutive_failures   more than 3 failures of one operation, or  a success that ends the run, or
//!                        of all operations of the scope, in a row   a minute without a failure in it
//! ```
//!
//! A failure never clears an alert. A run does not end with time: after a quiet minute the alert is
//! cleared, and the next failure raises it again. Refused operations are not counted, because they
//! say nothing about the service. A preparatory operation that succeeds is not part of a share, and
//! ends only the run of its own failures: the operation that it prepares may still fail.

use std::collections::VecDeque;

use anteroom_protocol::Timestamp;

/// The length of the window, in seconds.
pub(crate) const WINDOW: u64 = 60;
/// The maximum share of failed operations without an alert, in percent.
pub(crate) const PERCENT: u64 = 5;
/// The maximum run of failures without an alert.
pub(crate) const CONSECUTIVE: u64 = 3;
/// The minimum number of failures for an error rate.
const FEWEST_FAILED: u64 = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    ErrorRate,
    ConsecutiveFailures,
}

impl Rule {
    pub(crate) const ALL: [Self; 2] = [Self::ErrorRate, Self::ConsecutiveFailures];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::ErrorRate => "error_rate",
            Self::ConsecutiveFailures => "consecutive_failures",
        }
    }
}

/// A change of an alert, with the numbers at that time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Transition {
    pub(crate) rule: Rule,
    pub(crate) raised: bool,
    /// The operations in the window.
    pub(crate) succeeded: u64,
    pub(crate) failed: u64,
    /// The longest current run of failures.
    pub(crate) consecutive: u64,
}

/// The operations of a window, by second.
#[derive(Debug, Default)]
struct OutcomeWindow {
    seconds: VecDeque<Second>,
    succeeded: u64,
    failed: u64,
}

#[derive(Debug)]
struct Second {
    at: u64,
    succeeded: u64,
    failed: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct FailureRun {
    failures: u64,
    /// The time of the last failure.
    last: u64,
}

/// The state of one scope. Each call passes the time.
#[derive(Debug, Default)]
pub(crate) struct Escalation {
    window: OutcomeWindow,
    /// The run of all operations together.
    all: FailureRun,
    /// The run of each operation, by its number.
    operations: Vec<FailureRun>,
    now: u64,
    error_rate: bool,
    consecutive: bool,
}

impl Escalation {
    /// Counts an operation that succeeded.
    pub(crate) fn succeeded(&mut self, now: Timestamp, operation: usize) -> Vec<Transition> {
        self.pass(now);
        self.window.count(self.now, 1, 0);
        self.all = FailureRun::default();
        *self.run(operation) = FailureRun::default();
        self.settle(true)
    }

    /// Counts a preparatory operation that succeeded. It ends only the run of its own failures.
    pub(crate) fn prepared(&mut self, now: Timestamp, operation: usize) -> Vec<Transition> {
        self.pass(now);
        *self.run(operation) = FailureRun::default();
        self.settle(true)
    }

    /// Counts an operation that failed.
    pub(crate) fn failed(&mut self, now: Timestamp, operation: usize) -> Vec<Transition> {
        self.pass(now);
        self.window.count(self.now, 0, 1);
        let now = self.now;
        self.all.fail(now);
        self.run(operation).fail(now);
        self.settle(false)
    }

    /// Updates the state to the current time.
    pub(crate) fn tick(&mut self, now: Timestamp) -> Vec<Transition> {
        self.pass(now);
        self.settle(true)
    }

    /// Returns the numbers of succeeded and failed operations in the window.
    pub(crate) const fn counts(&self) -> (u64, u64) {
        (self.window.succeeded, self.window.failed)
    }

    /// Moves the window. If the clock is set back by at most a window, operations count in the
    /// newest second. If it is set back further, the window restarts.
    fn pass(&mut self, now: Timestamp) {
        let now = now.as_secs();
        if now.saturating_add(WINDOW) < self.now {
            self.window = OutcomeWindow::default();
            for run in self.operations.iter_mut().chain([&mut self.all]) {
                run.last = run.last.min(now);
            }
            self.now = now;
        }
        self.now = self.now.max(now);
        self.window.slide(self.now);
    }

    fn run(&mut self, operation: usize) -> &mut FailureRun {
        if operation >= self.operations.len() {
            self.operations
                .resize(operation.saturating_add(1), FailureRun::default());
        }
        match self.operations.get_mut(operation) {
            Some(run) => run,
            None => &mut self.all,
        }
    }

    fn settle(&mut self, may_clear: bool) -> Vec<Transition> {
        let (succeeded, failed) = self.counts();
        let over = failed * 100 > succeeded.saturating_add(failed) * PERCENT;
        let rate = over && (self.error_rate || failed >= FEWEST_FAILED);
        let runs = || self.operations.iter().chain([&self.all]);
        let too_long = runs()
            .any(|run| run.failures > CONSECUTIVE && self.now < run.last.saturating_add(WINDOW));
        let consecutive = runs().map(|run| run.failures).max().unwrap_or(0);
        let numbers = |rule, raised| Transition {
            rule,
            raised,
            succeeded,
            failed,
            consecutive,
        };
        let mut transitions = Vec::new();
        if rate != self.error_rate && (rate || may_clear) {
            transitions.push(numbers(Rule::ErrorRate, rate));
        }
        if too_long != self.consecutive && (too_long || may_clear) {
            transitions.push(numbers(Rule::ConsecutiveFailures, too_long));
        }
        for transition in &transitions {
            match transition.rule {
                Rule::ErrorRate => self.error_rate = transition.raised,
                Rule::ConsecutiveFailures => self.consecutive = transition.raised,
            }
        }
        transitions
    }
}

impl FailureRun {
    const fn fail(&mut self, now: u64) {
        self.failures = self.failures.saturating_add(1);
        self.last = now;
    }
}

impl OutcomeWindow {
    fn count(&mut self, at: u64, succeeded: u64, failed: u64) {
        self.succeeded += succeeded;
        self.failed += failed;
        match self.seconds.back_mut() {
            Some(last) if last.at == at => {
                last.succeeded += succeeded;
                last.failed += failed;
            }
            _ => self.seconds.push_back(Second {
                at,
                succeeded,
                failed,
            }),
        }
    }

    fn slide(&mut self, now: u64) {
        let is_past = |first: &mut Second| first.at.saturating_add(WINDOW) <= now;
        while let Some(first) = self.seconds.pop_front_if(is_past) {
            self.succeeded -= first.succeeded;
            self.failed -= first.failed;
        }
    }
}

#[cfg(test)]
mod tests;
