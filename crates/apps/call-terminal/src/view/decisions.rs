//! The decisions of this device about other ones, and those of co-admins.

use anteroom_client::{
    AdmissionError, AdmissionReason, CoAdminDecision, CommitRefusal, DecisionHandling, DemuxId,
    MemberLeaf, Participant, Verdict,
};

use super::{View, words};
use crate::{entry::Entry, input::Decision};

impl View {
    /// Applies this device's decision about another one, and returns its sentence. It stands for the
    /// other device's departure, unless an admin's device has to pass it on.
    pub(crate) fn decide(&mut self, decision: Decision, device: DemuxId) -> Entry {
        let label = self.known_devices.decision_label(device);
        if self.passes_on() {
            return words::asked_decision(decision, &label);
        }
        if decision != Decision::Admit {
            self.dismissed.insert(device);
        }
        words::decision(decision, &label)
    }

    /// Returns the sentence for the decision of a co-admin.
    pub(super) fn co_admins_decision(
        &self,
        claims: &MemberLeaf,
        decision: &CoAdminDecision,
        handling: DecisionHandling,
    ) -> Entry {
        let (decider, about) = (self.member_label(claims), self.decided_about(decision));
        match handling {
            DecisionHandling::PassedOn => {
                let what = match decision.verdict {
                    Verdict::Admit(_) => format!("lets {about} in"),
                    Verdict::Deny => format!("does not let {about} in"),
                    Verdict::Remove => format!("sends {about} away"),
                    Verdict::Block => format!("blocks {about} for the rest of this call"),
                };
                Entry::Notice(format!(
                    "{decider}, a co-admin, {what}. Your device passes that on to the room service."
                ))
            }
            DecisionHandling::Dropped => Entry::Problem(format!(
                "{decider}, a co-admin, decided about {about}, and your device did not pass that on: it is an \
                 admin, or the room service lists somebody else there now"
            )),
            DecisionHandling::OfOther => {
                let decision = match decision.verdict {
                    Verdict::Admit(_) => Decision::Admit,
                    Verdict::Deny => Decision::Deny,
                    Verdict::Remove => Decision::Remove,
                    Verdict::Block => Decision::Block,
                };
                let what = words::request(decision, &about);
                Entry::Notice(format!(
                    "{decider}, a co-admin, asks an admin's device {what}."
                ))
            }
        }
    }

    /// Returns the sentence about a device that asks to be in the group and may not be.
    pub(super) fn not_admitted(&self, claims: &MemberLeaf, refusal: CommitRefusal) -> String {
        let is_missing = refusal == CommitRefusal::Admission(AdmissionError::Missing);
        let next = match is_missing && self.signs() {
            true => format!(
                ". If you know whose it is, /admit {} signs its approval",
                self.known_devices.tag(claims.demux_id)
            ),
            false => String::new(),
        };
        let label = self.member_label(claims);
        format!("{label} is not let into the group: {refusal}{next}")
    }

    /// Returns whether this device signs approvals with the admin secret; outside of a group, whether it may.
    fn signs(&self) -> bool {
        let mut members = self.group.state.iter().flat_map(|state| &state.members);
        let own = members.find(|member| member.is_own);
        own.map_or(self.is_admin, |own| own.reason == AdmissionReason::Admin)
    }

    /// Returns the label of the device that a co-admin has decided about, if this one knows it by its key.
    fn decided_about(&self, decision: &CoAdminDecision) -> String {
        let is_meant = |one: &Participant| {
            one.demux == decision.device && one.member_key() == Some(decision.member_key)
        };
        let (devices, unknown) = match decision.verdict {
            Verdict::Admit(_) | Verdict::Deny => (&self.roster.pending, "somebody who waits"),
            Verdict::Remove | Verdict::Block => (&self.roster.active, "somebody"),
        };
        match devices.iter().any(is_meant) {
            true => self.known_devices.decision_label(decision.device),
            false => unknown.to_owned(),
        }
    }
}
