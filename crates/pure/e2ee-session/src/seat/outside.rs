//! Devices in the call that are kept outside of its group, and what both sides are told.

use anteroom_e2ee::{AdmissionError, CommitRefusal, ContextChange, HandshakeKind, RoomContext};
use anteroom_protocol::DemuxId;

use super::Seat;
use crate::{
    OUTSIDE_PATIENCE, event::Event, obstacle::Obstacle, output::Message, outside::Outside,
    relay::RelayContent, step::Step,
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
        if self.applicants.is_untold(device, refusal) {
            step.tell(Event::NotAdmitted { claims, refusal });
        }
        if refusal == CommitRefusal::Admission(AdmissionError::Locked) {
            self.tell_lock(device, step);
        }
    }

    /// Tells the lock to a device, and again while it asks: the message may have been lost, or the committer whose
    /// turn it was.
    fn tell_lock(&mut self, device: DemuxId, step: &mut Step<'_>) {
        let Some(membership) = &self.membership else {
            return;
        };
        let is_first = membership.commits_first(&self.roster);
        if !is_first || !self.applicants.told_locks.may_give(device, step.moment()) {
            return;
        }
        // Barred entries would make it ten times as long, and many devices can ask.
        let context = &membership.view.context;
        let lock = ContextChange {
            policy: context.policy().cloned(),
            lock: context.lock().cloned(),
            ..ContextChange::default()
        };
        if let Some(body) = self.statements_of(&self.link.context().with(&lock), step) {
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
        let is_admin = self.admin_key(step.options).is_some();
        // A device that was in before comes in under a lock too.
        let is_locked = self.known.is_locked() && !is_admin && !self.history.has_seen(&own);
        if self.membership.is_some() {
            self.outside = Outside::default();
            return;
        }
        let now = step.moment();
        let since = *self.outside.since.get_or_insert(now);
        let has_reason =
            self.doubts_link(step) || matches!(self.told_obstacle, Some(Obstacle::Admission(_)));
        let is_late = !has_reason && now >= since.plus(OUTSIDE_PATIENCE);
        let is_told = self.outside.told.is_some_and(|told| told || !is_locked);
        let has_group = self.present.group > 0;
        if !has_group || is_told || !(is_locked || is_late) {
            return;
        }
        self.outside.told = Some(is_locked);
        let approval = step.options.admission.approval();
        let approved_by = approval.map(|approval| *approval.signer());
        step.tell(Event::KeptOutside {
            is_locked,
            approved_by,
        });
    }
}
