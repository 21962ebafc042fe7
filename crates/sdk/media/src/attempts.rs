//! The attempts at a connection that works: their pauses, and their end.

use core::time::Duration;
use std::time::Instant;

/// The time from an offer, and from its answer, within which the connection has to work.
const PATIENCE: Duration = Duration::from_secs(15);

/// The minimum time between two offers: the media server takes one in five seconds.
const PAUSE: Duration = Duration::from_secs(5);

/// The maximum time between two offers that lead to nothing.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// The time after which a connection that has worked counts as one that lasts: the next one is looked for at once.
const LASTING: Duration = Duration::from_secs(30);

/// The number of offers in a row that lead to no connection that lasts: eight minutes of them. Then they end.
const MAX_OFFERS: u32 = 10;

/// The number of offers in a row that the room service refuses. Refusals for the time being are over by then.
const MAX_REFUSALS: u32 = 3;

/// The attempts at a connection.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    /// The offers since the last connection that has lasted.
    offers: u32,
    /// The offers that were refused since the last answer.
    refusals: u32,
    last: Option<Instant>,
    /// The moment of the next offer, unless the connection works by then.
    due: Option<Instant>,
    works_since: Option<Instant>,
}

/// A thing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NextAttempt {
    /// The next offer is to be made.
    Offer,
    /// There were enough.
    GiveUp,
}

impl Attempts {
    /// Begins to count anew, since something has changed. The pause since the last offer stays.
    pub(crate) const fn reset(&mut self) {
        (self.offers, self.refusals) = (0, 0);
    }

    /// Takes note of an offer.
    pub(crate) fn offer(&mut self, now: Instant) {
        self.offers += 1;
        self.last = Some(now);
        self.due = Some(now + PATIENCE.max(self.pause()));
        self.works_since = None;
    }

    /// Takes note of the answer: the connection may work now.
    pub(crate) fn answer(&mut self, now: Instant) {
        self.refusals = 0;
        self.due = Some(now + PATIENCE.max(self.pause()));
    }

    /// Takes note of a connection that works.
    pub(crate) fn succeed(&mut self, now: Instant) {
        self.due = None;
        self.works_since.get_or_insert(now);
    }

    /// Takes note of a failure: the next offer is made as soon as the pause is over.
    pub(crate) fn fail(&mut self, now: Instant) {
        let worked = self.works_since.take();
        if worked.is_some_and(|since| now.saturating_duration_since(since) >= LASTING) {
            self.reset();
        }
        let earliest = self.last.map_or(now, |last| last + self.pause());
        self.due = Some(earliest.max(now));
    }

    /// Takes note of a refusal. Returns whether there were enough.
    pub(crate) fn refuse(&mut self, now: Instant) -> bool {
        self.refusals += 1;
        self.fail(now);
        self.refusals >= MAX_REFUSALS
    }

    /// Ends the attempts.
    pub(crate) const fn stop(&mut self) {
        self.due = None;
    }

    pub(crate) const fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Returns what is to be done now.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<NextAttempt> {
        self.due.take_if(|due| now >= *due)?;
        Some(match self.offers >= MAX_OFFERS {
            true => NextAttempt::GiveUp,
            false => NextAttempt::Offer,
        })
    }

    /// Returns the pause after the last offer: twice as long after each one.
    fn pause(&self) -> Duration {
        let doubled = self.offers.saturating_sub(1).min(8);
        (PAUSE * (1 << doubled)).min(MAX_PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(from: Instant, due: Option<Instant>) -> Option<u64> {
        due.map(|due| (due - from).as_secs())
    }

    #[test]
    fn pauses_grow_and_end() {
        let start = Instant::now();
        let mut attempts = Attempts::default();
        let mut now = start;
        let mut pauses = Vec::new();
        loop {
            attempts.offer(now);
            let due = attempts.due().unwrap();
            pauses.push((due - now).as_secs());
            assert_eq!(attempts.take_due(now), None);
            now = due;
            if attempts.take_due(now) == Some(NextAttempt::GiveUp) {
                break;
            }
        }
        assert_eq!(pauses, [15, 15, 20, 40, 60, 60, 60, 60, 60, 60]);
        assert_eq!(attempts.due(), None);
        // Something has changed.
        attempts.reset();
        attempts.fail(now);
        assert_eq!(attempts.take_due(now), Some(NextAttempt::Offer));
    }

    #[test]
    fn after_a_connection_that_has_lasted_the_next_offer_is_made_at_once() {
        let start = Instant::now();
        for (lasts, expected) in [(1, 9), (29, 0), (30, 0)] {
            let mut attempts = Attempts::default();
            attempts.offer(start);
            attempts.offer(start);
            attempts.succeed(start);
            let now = start + Duration::from_secs(lasts);
            attempts.fail(now);
            assert_eq!(seconds(now, attempts.due()), Some(expected), "{lasts}");
            attempts.offer(now);
            let next = if lasts < 30 { 20 } else { 15 };
            assert_eq!(seconds(now, attempts.due()), Some(next), "{lasts}");
        }
    }

    #[test]
    fn refusals_are_tried_again_after_their_time_and_not_for_ever() {
        let start = Instant::now();
        let mut attempts = Attempts::default();
        for (number, pause) in [(1, 5), (2, 10), (3, 20)] {
            attempts.offer(start);
            assert_eq!(attempts.refuse(start), number == 3);
            assert_eq!(seconds(start, attempts.due()), Some(pause));
        }
        attempts.answer(start);
        attempts.offer(start);
        assert!(!attempts.refuse(start));
    }
}
