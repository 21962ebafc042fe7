//! Links that lack the admin key or name another one: the hint to their holders, and the own one that is like
//! that.

use anteroom_e2ee::{Admission, AdmissionError, CommitRefusal, MemberLeaf, RoomContext};
use anteroom_protocol::DemuxId;

use super::Seat;
use crate::{event::Event, output::Message, step::Step};

impl Seat {
    /// Gives a device a hint that may not be added: one without any admission may have a link without the admin
    /// key, or with another one, under which no approval counts. In a group the first committer does so, else each device.
    pub(super) fn hint_to_applicant(
        &mut self,
        device: DemuxId,
        leaf: &MemberLeaf,
        refusal: CommitRefusal,
        step: &mut Step<'_>,
    ) {
        let is_missing = refusal == CommitRefusal::Admission(AdmissionError::Missing);
        let membership = self.membership.as_ref();
        let is_first = membership.is_none_or(|membership| membership.commits_first(&self.roster));
        if is_missing && is_first && leaf.admission == Admission::None {
            self.hint_at_admin_key(device, step);
        }
    }

    /// Tells a device alone which admin key the link names.
    pub(super) fn hint_at_admin_key(&mut self, device: DemuxId, step: &mut Step<'_>) {
        let context = self.link.context();
        let hints = &mut self.applicants.admin_hints;
        if context.admin().is_none() || !hints.given.may_give(device, step.moment()) {
            return;
        }
        if let Some(body) = self.statements_of(context, step) {
            step.send(Message::RelayTo(device, body));
        }
    }

    /// Takes the context that another device states, where the own link has another admin key or none. A policy
    /// that was signed with the own one shows that the own link is right.
    pub(super) fn take_admin_hint(
        &mut self,
        from: DemuxId,
        stated: &RoomContext,
        step: &mut Step<'_>,
    ) {
        let known = &self.known;
        let is_of_call = stated.room() == known.room() && stated.era() == known.era();
        let differs = stated.admin().is_some() && stated.admin() != known.admin();
        if is_of_call && differs && known.policy().is_none() {
            self.tell_of_admin_key(from, step);
        }
    }

    /// Looks for an admission in the key package of a device, where the own link names no admin key: nobody has
    /// one without such a key.
    pub(super) fn look_for_admission(&mut self, from: DemuxId, step: &mut Step<'_>) {
        let application = self.applicants.get(from);
        let shows_one =
            application.is_some_and(|one| one.applicant.leaf().admission != Admission::None);
        if shows_one && self.known.admin().is_none() {
            self.tell_of_admin_key(from, step);
        }
    }

    /// Tells the person, once, that the own link lacks the admin key or names another one.
    pub(super) fn tell_of_admin_key(&mut self, from: DemuxId, step: &mut Step<'_>) {
        if self.applicants.admin_hints.is_untold() {
            let is_missing = self.known.admin().is_none();
            step.tell(Event::AdminKeyDiffers { from, is_missing });
        }
    }

    /// Returns whether the person was told that the own link lacks the admin key or names another one, and no
    /// statement under the own one shows that it is right. An approval counts under the right key alone, so the
    /// advice to ask for one would lead nowhere.
    pub(super) fn doubts_link(&self, step: &Step<'_>) -> bool {
        self.applicants.admin_hints.is_told()
            && self.known.policy().is_none()
            && step.options.admission == Admission::None
    }
}
