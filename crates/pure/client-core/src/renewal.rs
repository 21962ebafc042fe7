//! The times at which a device requests credentials from its issuer.
//!
//! The issuer sees the account and the time of every request; the room service sees the room and the time of
//! every visit. A request that is caused by a visit links the two. Therefore a renewal has a secret time of
//! its own, drawn at the renewal before it, and takes place whether or not the device visits rooms: its time
//! is independent of the visits.
//!
//! Every device renews once in the first hours of each UTC day. A create credential is valid for 30 hours
//! from the start of its day, so that yesterday's is available until today's arrives. A device that was not
//! running at that time draws a time from the whole of the next day. It never renews immediately or soon,
//! since a command that starts it mostly visits a room. Only when its credentials are about to expire does it
//! draw from the next hours, which reveals to the issuer that it was started in the hours before.

use std::time::Duration;

use anteroom_protocol::{DAY, Timestamp};
use rand_core::CryptoRng;

/// The time before the first renewal of a day, in seconds. Clocks may differ by half of it.
const MARGIN: u64 = 30 * 60;
/// The length of the interval from which a renewal is drawn, in seconds. With the margin before and after it,
/// it is the 6 hours for which a create credential outlives its day.
const WINDOW: u64 = 5 * 3600;
/// The delay after which a renewal counts as missed, in seconds.
const MOST_LATE: u64 = 10 * 60;
/// The number of days after the last use during which a device continues to renew.
const IDLE_DAYS: u64 = 7;

/// The next step of a process that renews credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RenewalStep {
    /// Check again after this time at the latest.
    Wait(Duration),
    /// Renew now.
    Renew,
    /// Draw another time: the renewal was missed, or the clock was set back.
    Redraw,
    /// End: the device was not used for a week.
    Stop,
}

/// The time of a device's next renewal, and the day of its last use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RenewalSchedule {
    due: Timestamp,
    last_use: Timestamp,
}

impl RenewalSchedule {
    /// Creates the schedule after a renewal that the user requested, such as the one of a login.
    #[must_use]
    pub fn start<R: CryptoRng + ?Sized>(now: Timestamp, rng: &mut R) -> Self {
        Self {
            due: next_day(now, rng),
            last_use: now.start_of_day(),
        }
    }

    /// Creates a schedule from stored values.
    pub(crate) const fn new(due: Timestamp, last_use: Timestamp) -> Self {
        Self { due, last_use }
    }

    /// Returns the time of the next renewal, which is a secret until then.
    #[must_use]
    pub const fn due(&self) -> Timestamp {
        self.due
    }

    /// Returns the midnight of the day of the last use.
    #[must_use]
    pub const fn last_use(&self) -> Timestamp {
        self.last_use
    }

    /// Draws the time of the next day's renewal, after one at `now`.
    pub fn renewed<R: CryptoRng + ?Sized>(&mut self, now: Timestamp, rng: &mut R) {
        self.due = next_day(now, rng);
    }

    /// Draws a time from the whole of the next day, for a missed renewal.
    pub fn postpone<R: CryptoRng + ?Sized>(&mut self, now: Timestamp, rng: &mut R) {
        let day = now.start_of_day().plus(DAY);
        self.due = day.plus(rng.next_u64() % DAY);
    }

    /// Draws a time from the hours after `now`, for a failed renewal, whose own time was independent of
    /// visits, and for one that must not be delayed further.
    pub fn retry<R: CryptoRng + ?Sized>(&mut self, now: Timestamp, rng: &mut R) {
        self.due = now.plus(MARGIN + rng.next_u64() % WINDOW);
    }

    /// Records the day of a use. Returns whether it differs from the day recorded before.
    pub fn note_use(&mut self, now: Timestamp) -> bool {
        let is_new = self.last_use != now.start_of_day();
        self.last_use = now.start_of_day();
        is_new
    }

    /// Returns the next step at `now`.
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
            // The device continues for exactly a week after its last use.
            (due, due.start_of_day().minus(7 * DAY), RenewalStep::Renew),
            (due, due.start_of_day().minus(8 * DAY), RenewalStep::Stop),
            // A last use in the future, of a clock that was set back since.
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
