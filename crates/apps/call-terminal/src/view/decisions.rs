//! The decisions of this device about other ones, and those of co-admins.

use anteroom_client::{
    CoAdminDecision, DecisionHandling, DemuxId, MemberLeaf, Participant, Roster, Verdict,
};

use super::{View, admissions::co_admin, words};
use crate::{entry::Entry, input::Decision};

impl View {
    /// Applies this device's decision about another one, and returns its sentence. It stands for the
    /// other device's departure, unless an admin's device has to pass it on.
    pub(crate) fn decide(&mut self, decision: Decision, device: DemuxId) -> Entry {
        let label = self.known_devices.decision_label(device);
        if decision == Decision::Admit && self.signs_approvals() {
            self.note_approval(device, self.listed_key(device));
        }
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
        &mut self,
        claims: &MemberLeaf,
        decision: &CoAdminDecision,
        handling: DecisionHandling,
    ) -> Entry {
        let decider = co_admin(&self.member_label(claims));
        if matches!(decision.verdict, Verdict::Admit(_)) {
            self.note_approval(decision.device, Some(decision.member_key));
        }
        let about = self.decided_about(decision);
        match handling {
            DecisionHandling::PassedOn => {
                let what = match decision.verdict {
                    Verdict::Admit(_) => format!("lets {about} in"),
                    Verdict::Deny => format!("does not let {about} in"),
                    Verdict::Remove => format!("sends {about} away"),
                    Verdict::Block => format!("blocks {about} for the rest of this call"),
                };
                Entry::Notice(format!(
                    "{decider}, {what}. Your device passes that on to the room service."
                ))
            }
            DecisionHandling::Dropped => Entry::Problem(format!(
                "{decider}, decided about {about}, and your device did not pass that on: it is an \
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
                Entry::Notice(format!("{decider}, asks an admin's device {what}."))
            }
        }
    }

    /// Returns the label of the device that a co-admin has decided about, if this one knows it by its key.
    fn decided_about(&self, decision: &CoAdminDecision) -> String {
        let is_meant = |one: &Participant| {
            one.demux == decision.device && one.member_key() == Some(decision.member_key)
        };
        let Roster {
            active, pending, ..
        } = &self.roster;
        let (is_known, unknown) = match decision.verdict {
            Verdict::Admit(_) => {
                let mut devices = pending.iter().chain(active);
                (devices.any(is_meant), "somebody who waits")
            }
            Verdict::Deny => (pending.iter().any(is_meant), "somebody who waits"),
            Verdict::Remove | Verdict::Block => (active.iter().any(is_meant), "somebody"),
        };
        match is_known {
            true if self.known_devices.is_own(decision.device) => "you".to_owned(),
            true => self.known_devices.decision_label(decision.device),
            false => unknown.to_owned(),
        }
    }
}
