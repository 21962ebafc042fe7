//! The commands that this person has no right to, with the reason and the next step.

use anteroom_client::{DemuxId, GroupState};

use super::{View, changed_devices::find};
use crate::{entry::Entry, input::Decision, role::Role};

/// The reason why a co-admin decides nothing at the room service.
const NO_ADMIN: &str = "no admin is in the group, and the room service takes decisions from admins alone: \
    your signature needs the device of one to pass it on. Wait for an admin, or ask one for the secret of the link \
    (anteroom link show LINK --secret, then anteroom link import), and join with --admin";

impl View {
    /// Returns the rights of this person.
    pub(crate) fn own_role(&self) -> Role {
        match self.is_admin {
            true => Role::Admin,
            false if self.passes_on() || self.has_service_rights() => Role::CoAdmin,
            false => Role::Member,
        }
    }

    /// Returns the reason why this person decides about nobody.
    pub(crate) fn lacks_rights(&self) -> Option<String> {
        (!self.decides()).then(|| {
            let tag = self.me.map(|me| format!(" {}", self.known_devices.tag(me)));
            format!(
                "only admins and co-admins can do this: ask one of them to, or an admin to write /coadmin{}",
                tag.unwrap_or_default()
            )
        })
    }

    /// Tells a co-admin, once, what is missing to let those in who wait, while no admin's device passes decisions on.
    pub(super) fn tell_of_missing_admin(&mut self) -> Option<Entry> {
        let is_missing = self.lacks_admin() && self.is_inside && self.roster.pending_count > 0;
        let was_told = std::mem::replace(&mut self.group.told_no_admin, is_missing);
        (is_missing && !was_told)
            .then(|| Entry::Problem(format!("somebody waits in the lobby, and {NO_ADMIN}")))
    }

    /// Returns the reason why this person makes nobody a co-admin.
    pub(crate) fn cannot_name_co_admins(&self) -> Option<&'static str> {
        let state = self.group.state.as_ref();
        let is_member = state.is_some_and(|state| state.has_admin && !state.members.is_empty());
        (is_member && !self.group.has_admin_secret()).then_some(
            "only admins with the admin secret of the link name co-admins: ask one of them to",
        )
    }

    /// Returns the reason why no decision of this co-admin about a device would be passed on, or taken.
    fn beyond_co_admins(&self, decision: Decision, device: DemuxId) -> Option<String> {
        let (passes_on, has_rights) = (self.passes_on(), self.has_service_rights());
        if !(passes_on || has_rights) {
            return None;
        }
        let roster = &self.roster;
        let listed = find(&roster.active, device).or_else(|| find(&roster.pending, device))?;
        let label = self.known_devices.decision_label(device);
        if listed.is_admin || self.known_devices.role(device) == Role::Admin {
            return Some(format!(
                "{label} is an admin, about whom a co-admin decides nothing: only an admin can do this"
            ));
        }
        let mut admins = roster.active.iter().filter(|one| one.is_admin);
        let is_of_admin = admins.any(|admin| admin.user.is_some() && admin.user == listed.user);
        if is_of_admin && decision != Decision::Admit {
            return Some(format!(
                "{label} has the account of an admin, about whom a co-admin decides nothing: only an admin can \
                 do this"
            ));
        }
        let lacks_key = listed.user.is_none() || listed.member_key().is_none();
        (passes_on && lacks_key).then(|| {
            format!(
                "{label} has named no key that a co-admin could sign for: only an admin can do this"
            )
        })
    }

    /// Returns whether a device is another one of this person's account, by the room service's word.
    pub(super) fn is_of_own_account(&self, device: DemuxId) -> bool {
        let user = |device| {
            let listed = find(&self.roster.active, device);
            let listed = listed.or_else(|| find(&self.roster.pending, device));
            listed.and_then(|listed| listed.user.as_ref())
        };
        let own = self.me.filter(|me| *me != device).and_then(user);
        own.is_some() && user(device) == own
    }

    /// Returns the reason why a decision about another device of one's account would hit this one too, and the
    /// command that does not.
    pub(crate) fn hits_own_account(&self, decision: Decision, device: DemuxId) -> Option<String> {
        if !self.is_of_own_account(device) {
            return None;
        }
        let label = self.known_devices.decision_label(device);
        let tag = self.known_devices.tag(device);
        match decision {
            Decision::Block => {
                let command = match self.known_devices.is_waiting(device) {
                    true => Decision::Deny,
                    false => Decision::Remove,
                };
                let next = match (command, self.passes_on()) {
                    (Decision::Deny, true) => "leave there with /quit".to_owned(),
                    (command, _) => {
                        format!("{} {tag} sends that device alone away", command.command())
                    }
                };
                Some(format!(
                    "{label} is a device of your own account, and /block is about all devices of an account, this \
                     one too: {next}"
                ))
            }
            // The room service blocks the account of no admin who is in the call.
            Decision::Deny if self.passes_on() => Some(format!(
                "{label} is a device of your own account, and a second /deny of an account blocks all its devices, \
                 this one too: leave there with /quit, or ask an admin to write /deny {tag}"
            )),
            Decision::Admit | Decision::Deny | Decision::Remove => None,
        }
    }

    /// Returns the reason why no admin's device is asked to pass a decision about a device on.
    pub(crate) fn request_obstacle(&self, decision: Decision, device: DemuxId) -> Option<String> {
        let missing_admin = self.missing_admin();
        missing_admin.or_else(|| self.beyond_co_admins(decision, device))
    }

    /// Returns what this co-admin lacks while no admin's device is there.
    pub(crate) fn missing_admin(&self) -> Option<String> {
        self.lacks_admin().then(|| NO_ADMIN.to_owned())
    }

    /// Returns whether a decision of this co-admin puts a device out of the group, whatever the room service says of
    /// it: a member that has no admin secret.
    pub(crate) fn puts_out(&self, decision: Decision, device: DemuxId) -> bool {
        let is_co_admins = self.is_co_admin() && !self.is_admin;
        let state = self.group.state.as_ref().filter(|_| is_co_admins);
        let is_member = |state: &GroupState| {
            let member = state.member(device);
            member.is_some_and(|member| !member.is_own) && !state.is_of_admin(device)
        };
        matches!(decision, Decision::Remove | Decision::Block) && state.is_some_and(is_member)
    }

    /// Returns whether this person decides about others.
    pub(super) fn decides(&self) -> bool {
        let state = self.group.state.as_ref();
        self.is_admin
            || self.has_service_rights()
            || self.group.has_admin_secret()
            || state.is_some_and(|state| state.is_co_admin)
    }
}
