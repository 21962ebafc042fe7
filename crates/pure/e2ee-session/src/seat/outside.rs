//! Devices in the call that are kept outside of its group, and what both sides are told.

use anteroom_e2ee::{AdmissionError, CommitRefusal, HandshakeKind, RoomContext};
use anteroom_protocol::DemuxId;

use super::Seat;
use crate::{
    OUTSIDE_PATIENCE, event::Event, obstacle::Obstacle, output::Message, relay::RelayContent,
    step::Step,
};

impl Seat {
    /// Tells the person which device is not added and why. The member whose turn it is to commit tells the lock to a
    /// device that it keeps outside, which knows no statement of the group else.
    pub(super) fn tell_refusal(
        &mut self,
        device: DemuxId,
        refusal: CommitRefusal,
        step: &mut Step<'_>,
    ) {
        let Some(application) = self.applicants.get(device) else {
            return;
        };
        let claims = application.applicant.leaf().clone();
        if !self.applicants.is_untold(device, refusal) {
            return;
        }
        step.tell(Event::NotAdmitted { claims, refusal });
        let is_locked = refusal == CommitRefusal::Admission(AdmissionError::Locked);
        let Some(membership) = self.membership.as_ref().filter(|_| is_locked) else {
            return;
        };
        let committers = membership.committers(&self.roster);
        if committers.first() == Some(&membership.group.own_leaf())
            && let Some(body) = self.statements_of(&membership.view.context, step)
        {
            step.send(Message::RelayTo(device, body));
        }
    }

    /// Seals the statements of a context for devices with the link.
    pub(super) fn statements_of(
        &self,
        context: &RoomContext,
        step: &mut Step<'_>,
    ) -> Option<Vec<u8>> {
        let handshake = self.link.handshake();
        let context = context.to_bytes();
        let sealed = handshake.seal(HandshakeKind::Statements, None, &context, step.rng);
        let sealed = sealed.ok()?;
        Some(RelayContent::Statements(&sealed).to_bytes())
    }

    /// Tells the person that the members keep this device outside: at once under a lock that keeps it out, and
    /// after [`OUTSIDE_PATIENCE`] for any other reason that was not told.
    pub(super) fn tell_outside(&mut self, step: &mut Step<'_>) {
        let own = step.options.member_key.public();
        let is_admin = (step.options.admin_key.as_ref())
            .is_some_and(|key| self.known.admin() == Some(&key.public()));
        // A device that was in before comes in under a lock too.
        let is_locked = self.known.is_locked() && !is_admin && !self.history.has_seen(&own);
        let has_group = self.membership.is_none() && self.present.group > 0;
        let doubts_link = self.doubts_link(step);
        let Some(asking) = self.asking.as_mut().filter(|_| has_group) else {
            return;
        };
        let has_reason = doubts_link || matches!(self.told_obstacle, Some(Obstacle::Admission(_)));
        let is_late = !has_reason && step.time.moment >= asking.since.plus(OUTSIDE_PATIENCE);
        let is_told = asking.told_outside.is_some_and(|told| told || !is_locked);
        if is_told || !(is_locked || is_late) {
            return;
        }
        asking.told_outside = Some(is_locked);
        let approval = step.options.admission.approval();
        let approved_by = approval.map(|approval| *approval.signer());
        step.tell(Event::KeptOutside {
            is_locked,
            approved_by,
        });
    }
}
