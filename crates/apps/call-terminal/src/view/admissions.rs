//! The admissions to the group, and the next step about those who may not be in.

use anteroom_client::{
    AdmissionError, AdmissionReason, CommitRefusal, GroupState, MemberLeaf, MemberPublicKey,
    Participant, Signer,
};

use super::View;
use crate::{entry::Entry, role::Role};

/// The words after the label of a co-admin.
pub(super) const CO_ADMIN: &str = ", a co-admin";

impl View {
    /// Returns the reason why a member may be in.
    pub(super) fn admission(&self, reason: AdmissionReason) -> String {
        match reason {
            AdmissionReason::ServiceDecision => "let in on the room service's word".to_owned(),
            AdmissionReason::Open => "in without approval".to_owned(),
            AdmissionReason::Approval(signer) => format!("let in by {}", self.signer(signer)),
            AdmissionReason::Admin => "in with the admin secret".to_owned(),
        }
    }

    /// Returns the label of who has signed a statement.
    pub(super) fn signer(&self, signer: Signer) -> String {
        let Signer::CoAdmin(key) = signer else {
            return "an admin".to_owned();
        };
        let mut members = self.group.state.iter().flat_map(|state| &state.members);
        if let Some(member) = members.find(|member| member.claims.member_key == key) {
            return match member.is_own {
                true => "you, a co-admin".to_owned(),
                false => co_admin(&self.label(member.claims.demux_id)),
            };
        }
        let has_key = |one: &&Participant| one.member_key() == Some(key);
        match self.roster.active.iter().find(has_key) {
            Some(listed) => co_admin(&self.label(listed.demux)),
            None => "a co-admin".to_owned(),
        }
    }

    /// Names the co-admins of the era and those who are none any more, if they are others than before.
    pub(super) fn changed_co_admins(&mut self, state: &GroupState) -> Vec<Entry> {
        let co_admins = &state.co_admins;
        // Outside of a group there are none, which takes nothing back.
        if state.members.is_empty() || self.group.told_co_admins == *co_admins {
            return Vec::new();
        }
        let before = std::mem::replace(&mut self.group.told_co_admins, co_admins.clone());
        let ended: Vec<_> = before
            .iter()
            .filter(|key| !co_admins.contains(key))
            .collect();
        let mut texts: Vec<String> = ended
            .iter()
            .map(|key| self.ended_co_admin(state, key))
            .collect();
        texts.extend(self.admitted_by(state, &ended));
        let named = co_admins
            .iter()
            .map(|key| self.signer(Signer::CoAdmin(*key)));
        let named = named.collect::<Vec<_>>().join("; ");
        if !named.is_empty() {
            texts.push(format!("Who decides beside the admins: {named}."));
        }
        texts.into_iter().map(Entry::Notice).collect()
    }

    /// Says what becomes of the members whom former co-admins have let in: an admin's device signs for them, and
    /// each has to show that in a new leaf.
    fn admitted_by(&self, state: &GroupState, former: &[&MemberPublicKey]) -> Option<String> {
        let is_by_former = |reason: AdmissionReason| match reason {
            AdmissionReason::Approval(Signer::CoAdmin(key)) => former.contains(&&key),
            _ => false,
        };
        let members = state.members.iter();
        let admitted = members.filter(|member| is_by_former(member.reason));
        let labels: Vec<String> = admitted
            .map(|member| self.member_label(&member.claims))
            .collect();
        let stay = match labels.as_slice() {
            [] => return None,
            [one] if one != "You" => "stays",
            _ => "stay",
        };
        Some(format!(
            "{} {stay}: an admin's device signs for those whom a former co-admin has let in, and they come into the \
             group anew with that.",
            labels.join(", ")
        ))
    }

    /// Says that a lock has ended and nobody has unlocked the call: it ends with the right of the co-admin who has
    /// signed it.
    pub(super) fn ended_lock(&mut self, state: &GroupState, has_former: bool) -> Option<Entry> {
        if state.members.is_empty() {
            return None;
        }
        let was_locked = std::mem::replace(&mut self.group.was_locked, state.is_locked);
        let why = match has_former {
            true => ": a former co-admin has signed the lock, which has ended with that right",
            false => ", and nobody has unlocked it",
        };
        let next = match self.decides() {
            true => "/lock locks it again",
            false => "Ask an admin or a co-admin to write /lock",
        };
        (was_locked && !state.is_locked)
            .then(|| Entry::Problem(format!("the call is not locked any more{why}. {next}")))
    }

    fn ended_co_admin(&self, state: &GroupState, key: &MemberPublicKey) -> String {
        let mut members = state.members.iter();
        let member = members.find(|member| member.claims.member_key == *key);
        match member {
            Some(member) if member.is_own => "You are no co-admin any more.".to_owned(),
            Some(member) => {
                let label = self.label(member.claims.demux_id);
                format!("{label} is no co-admin any more.")
            }
            None => "Somebody who has left is no co-admin any more.".to_owned(),
        }
    }

    /// Says who is kept out of the group, why, and what lets them in.
    pub(super) fn not_admitted(&self, claims: &MemberLeaf, refusal: CommitRefusal) -> Entry {
        let label = self.member_label(claims);
        let tag = self.known_devices.tag(claims.demux_id);
        let is_missing = refusal == CommitRefusal::Admission(AdmissionError::Missing);
        if is_missing && self.shows_no_approval(claims) {
            return Entry::Problem(format!(
                "{label} is not let into the group: they were let in, and show no approval. Their link may lack the \
                 admin key, or have another one, and /admit changes nothing then: send them the whole link, which \
                 they join with after leaving"
            ));
        }
        let (reason, command) = match refusal {
            CommitRefusal::Admission(error @ AdmissionError::Locked) => {
                (error.to_string(), Some("/lock off".to_owned()))
            }
            // The whole link is missing there.
            CommitRefusal::Admission(error @ AdmissionError::AdminSignature) => {
                (error.to_string(), None)
            }
            CommitRefusal::Admission(error) => (error.to_string(), Some(format!("/admit {tag}"))),
            refusal => (refusal.to_string(), None),
        };
        // Members see no approvals that were given, and decide about nobody.
        if is_missing && !self.decides() {
            return Entry::Notice(format!(
                "{label} is in the call, and not in the group: it shows no approval. Those who decide are told the \
                 next step."
            ));
        }
        let next = match command {
            Some(command) if self.decides() && is_missing => format!(
                ". {command} lets them in; if it does not, their link may lack the admin key, or have another one: \
                 send them the whole link"
            ),
            Some(command) if self.decides() => format!(". {command} lets them in"),
            Some(command) => format!(". An admin or a co-admin lets them in with {command}"),
            None => String::new(),
        };
        Entry::Problem(format!("{label} is not let into the group: {reason}{next}"))
    }

    /// Says that the members keep this device outside, and what lets it in.
    pub(super) fn kept_outside(&self, is_locked: bool, approved_by: Option<Signer>) -> Entry {
        let tag = self.me.map(|me| self.known_devices.tag(me));
        let tag = tag.unwrap_or_default();
        let by = approved_by.map(|signer| self.signer(signer));
        Entry::Problem(match (is_locked, by) {
            (true, Some(by)) => format!(
                "you were let in by {by}, but the call is locked: you are outside of its group, where nobody hears \
                 you. Ask an admin or a co-admin to write /lock off"
            ),
            (true, None) => "the call is locked: you are outside of its group, where nobody hears you. Ask an admin \
                 or a co-admin to write /lock off"
                .to_owned(),
            // Nobody needs an approval there.
            (false, None) if self.is_open => format!(
                "you are in the call, and outside of its group, where nobody hears you. The link asks for no \
                 approval, so an admin or a co-admin has put you out of the group before, as it seems. Ask one of \
                 them to write /admit {tag}"
            ),
            (false, _) => format!(
                "you are in the call, and the others have not let you into its group, where nobody hears you. Ask \
                 an admin or a co-admin to write /admit {tag}"
            ),
        })
    }
}

/// Returns the label of a co-admin, without the mark that says the same.
pub(super) fn co_admin(label: &str) -> String {
    let marks = [Role::CoAdmin, Role::Admin].map(|role| role.mark(false));
    let bare = marks.iter().find_map(|mark| label.strip_prefix(mark));
    format!("{}{CO_ADMIN}", bare.unwrap_or(label))
}
