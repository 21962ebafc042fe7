//! The barred entries of this device, until the others are known to have them.

use anteroom_e2ee::{MemberLeaf, Moment, RemovalReason, RoomContext, Signer};

use super::Seat;
use crate::{
    BAR_PATIENCE,
    event::{BarState, Event},
    pending_bar::PendingBar,
    step::{Step, earlier},
};

impl Seat {
    /// Tells which barred entries the others are known to have. Returns the moment of the next look.
    pub(super) fn check_bars(&mut self, step: &mut Step<'_>) -> Option<Moment> {
        let now = step.moment();
        let membership = self.membership.as_ref();
        let mut next = None;
        self.bars.retain_mut(|bar| {
            if membership.is_some_and(|membership| bar.is_shared(membership)) {
                step.tell(told(bar, BarState::Removed));
                return false;
            }
            let limit = bar.since.plus(BAR_PATIENCE);
            if !bar.is_told && now >= limit {
                bar.is_told = true;
                step.tell(told(bar, BarState::NotConfirmed));
            }
            if !bar.is_told {
                next = earlier(next, Some(limit));
            }
            true
        });
        next
    }

    /// Returns whether a statement of this device is not committed yet, or a removal neither known to be done nor told as
    /// not confirmed.
    pub(crate) fn has_pending_statements(&self) -> bool {
        let is_to_be_committed = self.is_urgent && self.membership.is_some();
        is_to_be_committed || self.bars.iter().any(|bar| !bar.is_told)
    }

    /// Takes the events of the removals that are not known to be done, and not told so.
    pub(crate) fn give_up_removals(&mut self) -> Vec<Event> {
        let bars = core::mem::take(&mut self.bars).into_iter();
        let untold = bars.filter(|bar| !bar.is_told);
        let untold = untold.map(|bar| told(&bar, BarState::NotConfirmed));
        untold.chain(self.give_up_waiting_removals()).collect()
    }
}

/// Returns the signer of the newest barred entry that has put a member out.
pub(super) fn barred_by(
    context: &RoomContext,
    claims: &MemberLeaf,
    reason: RemovalReason,
) -> Option<Signer> {
    let entries = context.barred().entries().iter();
    let entries = entries.filter(|entry| {
        let is_named = entry.claimed().names(&claims.user, &claims.member_key);
        reason == RemovalReason::Barred && is_named
    });
    let newest = entries.max_by_key(|entry| entry.claimed().time);
    newest.map(|entry| *entry.signer())
}

fn told(bar: &PendingBar, state: BarState) -> Event {
    let claims = bar.claims.clone();
    Event::Barred { claims, state }
}
