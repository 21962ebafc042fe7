//! The decisions of this device about other ones, and those of co-admins.

use anteroom_client::{
    CoAdminDecision, DecisionHandling, DemuxId, MemberLeaf, Participant, Roster, Verdict,
};

use super::{View, admissions::co_admin, changed_devices::find, words};
use crate::{entry::Entry, input::Decision};

/// The maximum number of accounts that are remembered as not let in.
const MAX_DENIED: usize = 4096;

impl View {
    /// Applies this device's decision about another one, and returns its sentence. It stands for the
    /// other device's departure, unless an admin's device has to pass it on.
    pub(crate) fn decide(&mut self, decision: Decision, device: DemuxId) -> Entry {
        let label = self.known_devices.decision_label(device);
        if decision == Decision::Admit && self.signs_approvals() {
            self.note_approval(device, self.listed_key(device));
        }
        let is_own_account = self.is_of_own_account(device);
        let after = match decision {
            Decision::Remove if is_own_account => words::OWN_ACCOUNT_REMOVED,
            Decision::Remove if self.is_open => words::OPEN_REMOVED,
            _ => "",
        };
        let is_passed_on = self.passes_on();
        if !is_passed_on && decision != Decision::Admit {
            self.dismissed.insert(device);
        }
        let is_first = match decision {
            Decision::Deny => self.deny(device),
            _ => None,
        };
        self.sent_decision(decision, device, is_first == Some(true));
        let is_second = is_first == Some(false);
        if matches!(decision, Decision::Remove | Decision::Block) || is_second {
            self.note_put_out(device, self.listed_key(device), &label);
        }
        if is_passed_on {
            return words::asked_decision(decision, &label, is_second, after);
        }
        let is_of_admin = !is_second && self.is_account_of_admin(device);
        match (decision, is_second) {
            (_, true) => words::second_denial(&label),
            (Decision::Deny, false) if is_of_admin => words::denial_of_admin(&label),
            _ => words::decision(decision, &label, self.admits_each_device(), after),
        }
    }

    /// Returns whether the room service lists an admin in the call with the account of a waiting device.
    fn is_account_of_admin(&self, device: DemuxId) -> bool {
        let waiting = find(&self.roster.pending, device);
        let Some(user) = waiting.and_then(|waiting| waiting.user.as_ref()) else {
            return false;
        };
        let mut active = self.roster.active.iter();
        active.any(|one| one.is_admin && one.user.as_ref() == Some(user))
    }

    /// Notes that a device is not let in. Returns whether that is the first time for the account, the second one
    /// blocks it; `None` if that is not known. The room service does not block that of an admin.
    fn deny(&mut self, device: DemuxId) -> Option<bool> {
        let user = find(&self.roster.pending, device)?.user.clone()?;
        if self.is_account_of_admin(device) {
            return None;
        }
        if self.denied.len() >= MAX_DENIED {
            self.denied.pop_first();
        }
        Some(self.denied.insert(user))
    }

    /// Returns whether the members let in each device by an approval of its own.
    fn admits_each_device(&self) -> bool {
        let state = self.group.state.as_ref();
        state.is_some_and(|state| state.has_admin)
    }

    /// Returns the sentence for a decision of this co-admin that goes to the group alone.
    pub(crate) fn sign_out(&self, decision: Decision, device: DemuxId) -> Entry {
        let label = self.known_devices.decision_label(device);
        Entry::Notice(match decision {
            Decision::Block => {
                format!("You sign that the account of {label} is out of the group.")
            }
            _ => format!("You sign that {label} is out of the group."),
        })
    }

    /// Returns the sentence for the decision of a co-admin.
    pub(super) fn co_admins_decision(
        &mut self,
        claims: &MemberLeaf,
        decision: &CoAdminDecision,
        handling: DecisionHandling,
    ) -> Entry {
        let decider = co_admin(&self.member_label(claims));
        let (verdict, device) = (command(&decision.verdict), decision.device);
        if verdict == Decision::Admit && handling != DecisionHandling::Dropped {
            self.note_approval(device, Some(decision.member_key));
        }
        let about = self.decided_about(decision);
        match handling {
            DecisionHandling::PassedOn => {
                self.passed_decision_on(verdict, device, &decider, &about);
                let is_second =
                    matches!(decision.verdict, Verdict::Deny) && self.deny(device) == Some(false);
                if is_second {
                    self.note_put_out(device, Some(decision.member_key), &about);
                }
                let what = match decision.verdict {
                    Verdict::Admit(_) => format!("lets {about} in"),
                    Verdict::Deny if is_second => format!(
                        "does not let {about} in, and blocks the account for the rest of this call, since this is \
                         the second /deny of it"
                    ),
                    Verdict::Deny => format!("does not let {about} in"),
                    Verdict::Remove => format!("sends {about} away"),
                    Verdict::Block => format!("blocks {about} for the rest of this call"),
                };
                Entry::Notice(format!(
                    "{decider}, {what}. Your device passes that on to the room service."
                ))
            }
            DecisionHandling::Dropped => Entry::Problem(format!(
                "{decider}, decided about {about}, and your device did not pass that on: that is an \
                 admin, or the room service lists somebody else there now"
            )),
            DecisionHandling::OfOther => {
                let what = words::request(verdict, &about);
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

/// Returns the decision that a co-admin has taken.
const fn command(verdict: &Verdict) -> Decision {
    match verdict {
        Verdict::Admit(_) => Decision::Admit,
        Verdict::Deny => Decision::Deny,
        Verdict::Remove => Decision::Remove,
        Verdict::Block => Decision::Block,
    }
}
