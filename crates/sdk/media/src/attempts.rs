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

/// The maximum wait before the first offer after media that have ended for the whole call, all of whose devices offer
/// then.
const SPREAD: Duration = Duration::from_secs(2);

/// The number of offers in a row that lead to nothing though they may: eight minutes of them, or more. Then they end.
const MAX_OFFERS: u32 = 10;

/// The number of offers taken back by a connection that has worked, however short.
const WORKED: u32 = 2;

/// The number of offers in a row that the room service refuses for good.
const MAX_REFUSALS: u32 = 3;

/// The attempts at a connection. Their pauses differ from device to device, so that those of a call do not all offer
/// in the same instants.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    /// The state of the numbers by which pauses differ.
    random: u64,
    /// The offers since the last connection that has lasted, by which pauses grow.
    offers: u32,
    /// Those among them that count: the service had time for them.
    counted: u32,
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
    /// Creates the attempts of a device, by a number that others do not have.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            random: seed,
            ..Self::default()
        }
    }

    /// Begins to count anew, since something has changed. The pause since the last offer stays.
    pub(crate) const fn reset(&mut self) {
        (self.offers, self.counted, self.refusals) = (0, 0, 0);
    }

    /// Takes note of an offer.
    pub(crate) fn offer(&mut self, now: Instant) {
        self.offers = self.offers.saturating_add(1);
        self.counted += 1;
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
        } else if worked.is_some() {
            self.counted = self.counted.saturating_sub(WORKED);
        }
        let pause = self.pause();
        let earliest = self.last.map_or(now, |last| last + pause);
        self.due = Some(earliest.max(now));
    }

    /// Takes note of media that have ended for the whole call.
    pub(crate) fn lose(&mut self, now: Instant) {
        self.fail(now);
        let wait = SPREAD.mul_f64(self.share());
        self.due = self.due.map(|due| due + wait);
    }

    /// Takes note of an offer for which the service has no time at present: it does not count.
    pub(crate) fn postpone(&mut self, now: Instant) {
        self.counted = self.counted.saturating_sub(1);
        self.fail(now);
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
        Some(match self.counted >= MAX_OFFERS {
            true => NextAttempt::GiveUp,
            false => NextAttempt::Offer,
        })
    }

    /// Returns the pause after the last offer: twice as long after each one, and up to twice that.
    fn pause(&mut self) -> Duration {
        let doubled = self.offers.saturating_sub(1).min(8);
        let pause = (PAUSE * (1 << doubled)).min(MAX_PAUSE);
        pause.mul_f64(1.0 + self.share())
    }

    /// Returns a share from 0 to 1 (`SplitMix64`). It is no secret.
    fn share(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let [high, low, ..] = (mixed ^ (mixed >> 31)).to_be_bytes();
        f64::from(u16::from_be_bytes([high, low])) / f64::from(u16::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns whether a moment is after a pause, or up to twice as long after.
    fn is_after(from: Instant, due: Option<Instant>, pause: u64) -> bool {
        let waited = due.unwrap().saturating_duration_since(from);
        let pause = Duration::from_secs(pause);
        (pause..=2 * pause).contains(&waited)
    }

    #[test]
    fn pauses_grow_and_end() {
        let mut attempts = Attempts::new(7);
        let mut now = Instant::now();
        for pause in [8, 10, 20, 40, 60, 60, 60, 60, 60, 60] {
            assert_ne!(attempts.take_due(now), Some(NextAttempt::GiveUp));
            attempts.offer(now);
            assert!(is_after(now, attempts.due(), pause), "{pause}");
            assert_eq!(attempts.take_due(now), None);
            now = attempts.due().unwrap().max(now + PATIENCE);
        }
        assert_eq!(attempts.take_due(now), Some(NextAttempt::GiveUp));
        assert_eq!(attempts.due(), None);
        // Something has changed.
        attempts.reset();
        attempts.fail(now);
        let due = attempts.due().unwrap();
        assert_eq!(attempts.take_due(due), Some(NextAttempt::Offer));
    }

    #[test]
    fn the_devices_of_a_call_offer_in_different_instants() {
        let start = Instant::now();
        let moments = |seed| {
            let mut attempts = Attempts::new(seed);
            let mut moments = Vec::new();
            let mut now = start;
            attempts.lose(now);
            for _ in 0..8 {
                now = attempts.due().unwrap();
                moments.push(now);
                attempts.offer(now);
                attempts.postpone(now);
            }
            moments
        };
        let (one, other) = (moments(1), moments(2));
        assert!(one[0] <= start + SPREAD && other[0] <= start + SPREAD);
        assert!(one.iter().zip(&other).all(|(one, other)| one != other));
    }

    #[test]
    fn a_service_without_time_is_asked_again_however_often() {
        let mut attempts = Attempts::new(3);
        let mut now = Instant::now();
        for _ in 0..100 {
            attempts.offer(now);
            attempts.postpone(now);
            now = attempts.due().unwrap();
            assert_eq!(attempts.take_due(now), Some(NextAttempt::Offer));
        }
    }

    #[test]
    fn connections_that_work_for_a_short_time_do_not_end_the_attempts() {
        let mut attempts = Attempts::new(3);
        let mut now = Instant::now();
        for _ in 0..100 {
            attempts.offer(now);
            attempts.succeed(now);
            now += Duration::from_secs(20);
            attempts.fail(now);
            now = attempts.due().unwrap();
            assert_eq!(attempts.take_due(now), Some(NextAttempt::Offer));
        }
    }

    #[test]
    fn after_a_connection_that_has_lasted_the_next_offer_is_made_soon() {
        let start = Instant::now();
        for (lasts, pause) in [(1, 10), (30, 5)] {
            let mut attempts = Attempts::new(5);
            attempts.offer(start);
            attempts.offer(start);
            attempts.succeed(start);
            let now = start + Duration::from_secs(lasts);
            attempts.fail(now);
            let is_at_once = attempts.due() == Some(now);
            assert_eq!(is_at_once, lasts == 30, "{lasts}");
            assert!(is_at_once || is_after(start, attempts.due(), pause));
        }
    }

    #[test]
    fn refusals_for_good_are_tried_again_and_not_for_ever() {
        let start = Instant::now();
        let mut attempts = Attempts::new(5);
        for (number, pause) in [(1, 5), (2, 10), (3, 20)] {
            attempts.offer(start);
            assert_eq!(attempts.refuse(start), number == 3);
            assert!(is_after(start, attempts.due(), pause), "{pause}");
        }
        attempts.answer(start);
        attempts.offer(start);
        assert!(!attempts.refuse(start));
    }
}
