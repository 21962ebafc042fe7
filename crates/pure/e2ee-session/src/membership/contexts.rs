//! The context after the next commit.

use core::time::Duration;

use anteroom_e2ee::{MemberPublicKey, Moment, RoomContext};
use anteroom_protocol::Timestamp;

use super::{LONGEST_LOOK, Membership, next_context::NextContext};
use crate::time::SessionTime;

impl Membership {
    /// Returns the context after the next commit of the device with the member key `own`, with the statements of
    /// `known`. Others would refuse it with an entry of too late a time, which waits.
    pub(crate) fn next_context(
        &mut self,
        known: &RoomContext,
        own: &MemberPublicKey,
        now: Timestamp,
    ) -> &NextContext {
        let view = &self.view;
        let is_due = |next: &mut NextContext| next.again.is_some_and(|again| again <= now);
        self.next.take_if(is_due);
        self.next.get_or_insert_with(|| {
            let context = view.context.with(&known.statements_at(now, own));
            let entries = known.barred().entries().iter();
            let times = entries.map(|entry| entry.due_from(Some(own)));
            let lock = known.lock().map(|lock| lock.due_from(Some(own)));
            let times = times.chain(lock);
            let leaves = view.leaves.iter();
            let barred = leaves.filter(|(_, claims)| context.may_take_out(&claims.claim(), now));
            NextContext {
                is_changed: context != view.context,
                barred: barred.map(|(leaf, _)| *leaf).collect(),
                again: times.filter(|time| *time > now).min(),
                context,
            }
        })
    }

    /// Returns the moment of the next look at entries of too late a time.
    pub(crate) fn next_look(&self, time: SessionTime) -> Option<Moment> {
        let again = self.next.as_ref()?.again?;
        let wait = again.as_secs().saturating_sub(time.now.as_secs());
        let wait = Duration::from_secs(wait).min(LONGEST_LOOK);
        Some(time.moment.plus(wait.max(Duration::from_secs(1))))
    }
}
