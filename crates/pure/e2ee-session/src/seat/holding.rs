//! Commits that are held, since their Removes are too early by the own roster.

use core::time::Duration;

use anteroom_e2ee::{ABSENCE, Moment};

use super::{Seat, ToldCommit};
use crate::{COMMIT_HOLD, output::Message, step::Step};

/// The time between two looks at a commit that is held.
const HOLD_INTERVAL: Duration = Duration::from_millis(250);

/// The time for which a commit is held before the whole roster is requested while the own one may be right.
const REQUEST_DELAY: Duration = Duration::from_secs(1);

impl Seat {
    /// Returns whether a commit may be held whose Remove is too early. It is held longer while the roster has
    /// just stopped listing a member: a change that was missed comes later than the commit.
    pub(super) fn may_hold(&self, told: &ToldCommit, now: Moment) -> bool {
        now < told.until || (now < told.until.plus(ABSENCE) && self.has_departing_member(now))
    }

    /// Takes note that a commit is held, and asks for the whole roster, which may still list the devices that go: at
    /// once, or after [`REQUEST_DELAY`] if it has just stopped listing a member, which may be one of them. Returns
    /// the moment of the next look.
    pub(super) fn hold(&mut self, told: &ToldCommit, step: &mut Step<'_>) -> Moment {
        let now = step.moment();
        let is_late = now.plus(COMMIT_HOLD) >= told.until.plus(REQUEST_DELAY);
        let asks = is_late || !self.has_departing_member(now);
        if asks && self.roster.may_request(now) {
            step.send(Message::RosterRequest);
        }
        let look = now.plus(HOLD_INTERVAL);
        match now < told.until {
            true => look.min(told.until),
            false => look,
        }
    }

    /// Returns whether the roster has stopped listing a member that is not absent yet.
    fn has_departing_member(&self, now: Moment) -> bool {
        let membership = self.membership.as_ref();
        let leaves = membership.map(|membership| membership.view.leaves.values());
        let mut leaves = leaves.into_iter().flatten();
        leaves.any(|claims| self.roster.is_departing(claims.demux_id, now))
    }
}
