//! The barred entries of this device, until the others are known to have them.

use anteroom_e2ee::{BarredEntry, MemberLeaf, Moment, SignedStatement};

use super::Seat;
use crate::{
    BAR_PATIENCE,
    event::{BarState, Event},
    membership::Membership,
    step::{Step, earlier},
};

/// A barred entry of this device, until the others are known to have it.
pub(super) struct PendingBar {
    pub(super) claims: MemberLeaf,
    pub(super) entry: SignedStatement<BarredEntry>,
    /// The moment of the command.
    pub(super) since: Moment,
    pub(super) is_told: bool,
}

impl PendingBar {
    /// Returns whether another member is known to have the entry.
    fn is_shared(&self, membership: &Membership) -> bool {
        let mut leaves = membership.view.leaves.values();
        let key = self.claims.member_key;
        let barred = membership.view.context.barred();
        // The oldest entries of a long list are merged into a moment.
        let has_entry = barred.entries().contains(&self.entry)
            || self.entry.claimed().time < barred.void_before();
        has_entry
            && leaves.all(|leaf| leaf.member_key != key)
            && (membership.others() == 0 || membership.confirmations.is_epoch_shared())
    }
}

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
}

fn told(bar: &PendingBar, state: BarState) -> Event {
    let claims = bar.claims.clone();
    Event::Barred { claims, state }
}
