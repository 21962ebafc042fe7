//! The moments at which a device asks its issuer.
//!
//! The issuer sees the account and the time of every request; the room service sees the room and
//! the time of every visit. A request that is caused by a visit joins the two. So a renewal has a
//! secret time of its own, drawn at the renewal before it, and happens whether or not anything is
//! visited: its time says nothing about visits.
//!
//! Every device renews once in the first hours of each UTC day. A create credential is good for 30
//! hours from the start of its day on: one of yesterday is at hand until the one of today is there.
//! A device that did not run at that time draws a time from the whole of the next day. It never
//! renews at once or soon, since a command that starts it mostly goes to a room. Only when its
//! credentials are almost over does it draw from the next hours, which tells the issuer that it was
//! started in the hours before.

use std::time::Duration;

use anteroom_protocol::{DAY, Timestamp};
use rand_core::CryptoRng;

/// The time before the first renewal of a day, in seconds: clocks may differ by half of it.
const MARGIN: u64 = 30 * 60;
/// The time from which a renewal is drawn, in seconds. With the margin on both sides it is the 6
/// hours for which a create credential outlives its day.
const WINDOW: u64 = 5 * 3600;
/// A renewal that is later than this, in seconds, was missed.
const MOST_LATE: u64 = 10 * 60;
/// Days after the last use on which a device goes on renewing.
const IDLE_DAYS: u64 = 7;

/// The next step of a process that renews.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RenewalStep {
    /// Look again after this time at the latest.
    Wait(Duration),
    /// Renew now.
    Renew,
    /// Draw another time: this one was missed, or the clock was set back.
    Redraw,
    /// End: nothing was used for a week.
    Stop,
}

/// The time of a device's next renewal, and the day of its last use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RenewalSchedule {
    due: Timestamp,
    last_use: Timestamp,
}

impl RenewalSchedule {
    /// The schedule after a renewal that the user asked for, such as the one of a login.
    #[must_use]
    pub fn start<R: CryptoRng + ?Sized>(now: Timestamp, rng: &mut R) -> Self {
        Self {
            due: next_day(now, rng),
            last_use: now.start_of_day(),
        }
    }

    /// A stored schedule.
    pub(crate) const fn new(due: Timestamp, last_use: Timestamp) -> Self {
        Self { due, last_use }
    }

    /// The time of the next renewal: a secret until then.
    #[must_use]
    pub const fn due(&self) -> Timestamp {
        self.due
    }

    /// The midnight of the day of the last use.
    #[must_use]
    pub const fn last_use(&self) -> Timestamp {
        self.last_use
    }

    /// Draws the time of the next day's renewal, after one at `now`.
    pub fn renewed<R: CryptoRng + ?Sized>(&mut self, now: Timestamp, rng: &mut R) {
        self.due = next_day(now, rng);
    }

    /// Draws a time from the whole of the next day, for a renewal that was missed.
    pub fn postpone<R: CryptoRng + ?Sized>(&mut self, now: Timestamp, rng: &mut R) {
        let day = now.start_of_day().plus(DAY);
        self.due = day.plus(rng.next_u64() % DAY);
    }

    /// Draws a time from the hours after `now`: for a renewal that failed, whose own time had
    /// nothing to do with visits, or that must not wait any longer.
    pub fn retry<R: CryptoRng + ?Sized>(&mut self, now: Timestamp, rng: &mut R) {
        self.due = now.plus(MARGIN + rng.next_u64() % WINDOW);
    }

    /// Notes a use, to the day. Says whether that is news.
    pub fn note_use(&mut self, now: Timestamp) -> bool {
        let is_new = self.last_use != now.start_of_day();
        self.last_use = now.start_of_day();
        is_new
    }

    /// The next step at `now`.
    #[must_use]
    pub fn step(&self, now: Timestamp) -> RenewalStep {
        let waits = self.due.as_secs().saturating_sub(now.as_secs());
        let is_idle = self.last_use.plus((IDLE_DAYS + 1) * DAY) <= now;
        if is_idle {
            RenewalStep::Stop
        } else if waits > 2 * DAY || self.due.plus(MOST_LATE) < now {
            RenewalStep::Redraw
        } else if waits > 0 {
            RenewalStep::Wait(Duration::from_secs(waits))
        } else {
            RenewalStep::Renew
        }
    }
}

fn next_day<R: CryptoRng + ?Sized>(now: Timestamp, rng: &mut R) -> Timestamp {
    let day = now.start_of_day().plus(DAY);
    day.plus(MARGIN + rng.next_u64() % WINDOW)
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::*;

    const HOUR: u64 = 3600;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_secs(20_000 * DAY + seconds)
    }

    #[test]
    fn the_next_step_follows_from_the_clock_the_due_time_and_the_last_use() {
        let (due, minute) = (at(DAY + HOUR), Duration::from_secs(60));
        for (now, last_use, expected) in [
            (due.minus(60), at(0), RenewalStep::Wait(minute)),
            (due, at(0), RenewalStep::Renew),
            (due.plus(MOST_LATE), at(0), RenewalStep::Renew),
            (due.plus(MOST_LATE + 1), at(0), RenewalStep::Redraw),
            // The clock was set back by days.
            (due.minus(2 * DAY + 1), at(0), RenewalStep::Redraw),
            (
                due.minus(2 * DAY),
                at(0),
                RenewalStep::Wait(Duration::from_secs(2 * DAY)),
            ),
            // The use of a whole week counts, and not a second more.
            (due, due.start_of_day().minus(7 * DAY), RenewalStep::Renew),
            (due, due.start_of_day().minus(8 * DAY), RenewalStep::Stop),
            // A last use that lies ahead, of a clock that was set back since.
            (due, due.start_of_day().plus(9 * DAY), RenewalStep::Renew),
        ] {
            let schedule = RenewalSchedule::new(due, last_use);
            assert_eq!(schedule.step(now), expected, "{now:?} {last_use:?}");
        }
    }

    #[test]
    fn times_are_drawn_evenly_from_the_first_hours_of_the_next_day() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let mut hours = [0; 24];
        for second in 0..5000 {
            let now = at(second * 17);
            let schedule = RenewalSchedule::start(now, &mut rng);
            assert_eq!(schedule.due().start_of_day(), at(DAY));
            let into_day = schedule.due().as_secs() % DAY - MARGIN;
            hours[usize::try_from(into_day / HOUR).unwrap()] += 1;
        }
        let (inside, outside) = hours.split_at(5);
        assert!(
            inside.iter().all(|count| (900..1100).contains(count)),
            "{hours:?}"
        );
        assert!(outside.iter().all(|count| *count == 0));
    }

    #[test]
    fn a_missed_renewal_is_never_made_up_for_at_once() {
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        let mut schedule = RenewalSchedule::start(at(0), &mut rng);
        let now = at(DAY + 9 * HOUR);
        assert_eq!(schedule.step(now), RenewalStep::Redraw);
        let mut hours = [0; 24];
        for _ in 0..24_000 {
            schedule.postpone(now, &mut rng);
            assert_eq!(schedule.due().start_of_day(), at(2 * DAY));
            let hour = schedule.due().as_secs() % DAY / HOUR;
            hours[usize::try_from(hour).unwrap()] += 1;
            schedule.retry(now, &mut rng);
            let RenewalStep::Wait(wait) = schedule.step(now) else {
                panic!("{schedule:?}")
            };
            assert!((MARGIN..MARGIN + WINDOW).contains(&wait.as_secs()));
        }
        assert!(
            hours.iter().all(|count| (850..1150).contains(count)),
            "{hours:?}"
        );
    }

    #[test]
    fn a_use_is_noted_once_a_day() {
        let mut rng = ChaCha20Rng::seed_from_u64(3);
        let mut schedule = RenewalSchedule::start(at(5), &mut rng);
        assert!(!schedule.note_use(at(HOUR)));
        assert!(schedule.note_use(at(DAY + HOUR)));
        assert!(!schedule.note_use(at(DAY + 2 * HOUR)));
        assert_eq!(schedule.last_use(), at(DAY));
    }
}
