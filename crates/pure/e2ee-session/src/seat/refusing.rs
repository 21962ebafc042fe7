//! Own refusals of commits, until they come back.

use core::time::Duration;

use anteroom_e2ee::Moment;
use anteroom_protocol::GroupEpoch;

use super::Seat;
use crate::{
    RESEND_INTERVAL, input::CommitRejection, membership::Membership, output::Message,
    own_refusal::OwnRefusal, step::Step,
};

/// The time after which a refusal is sent again that came too soon after others.
const REJECTION_PAUSE: Duration = Duration::from_secs(1);

impl Seat {
    /// Takes note of the committer of the commit by which this device has entered a group: this device itself
    /// if it has started the group, else the signer of the Welcome.
    pub(super) fn note_entry(&mut self, membership: &Membership) {
        let group = &membership.group;
        let committer = group.welcomed_by().unwrap_or_else(|| group.own_leaf());
        if let Some(claims) = membership.view.leaves.get(&committer)
            && let Some(commit) = group.epoch().before()
        {
            self.refusals.merged(commit, claims);
        }
    }

    /// Asks this group of the era, and those before it, no more.
    pub(super) fn give_up_group(&mut self, number: u32) {
        self.lowest_group = self.lowest_group.max(number.saturating_add(1));
    }

    /// Sends a refusal of a commit.
    pub(super) fn send_refusal(&mut self, at: GroupEpoch, step: &mut Step<'_>) {
        self.own_refusal = Some(OwnRefusal::new(at, step.moment()));
        step.send(Message::Refuse(at));
    }

    /// Takes note that the own refusal came back.
    pub(super) fn receive_own_refusal(&mut self, at: GroupEpoch) {
        self.own_refusal.take_if(|refusal| refusal.at == at);
    }

    /// Takes note that the own refusal was not passed on.
    pub(super) fn receive_refusal_rejection(
        &mut self,
        rejection: CommitRejection,
        step: &mut Step<'_>,
    ) {
        match (rejection, &mut self.own_refusal) {
            (CommitRejection::RateLimited, Some(refusal)) => {
                refusal.resend = step.moment().plus(REJECTION_PAUSE);
            }
            _ => self.own_refusal = None,
        }
    }

    /// Sends a refusal again that did not come back. Returns the moment of the next time.
    pub(super) fn resend_refusal(&mut self, step: &mut Step<'_>) -> Option<Moment> {
        let now = step.moment();
        let group = self.present.group;
        self.own_refusal
            .take_if(|refusal| refusal.at.group != group || refusal.left == 0);
        let refusal = self.own_refusal.as_mut()?;
        if now >= refusal.resend {
            refusal.resend = now.plus(RESEND_INTERVAL);
            refusal.left -= 1;
            step.send(Message::Refuse(refusal.at));
        }
        Some(refusal.resend)
    }
}
