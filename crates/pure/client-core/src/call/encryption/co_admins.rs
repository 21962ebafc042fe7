//! The co-admins, the lobby between admins and them, and the decisions of co-admins.
//!
//! The room service serves admins, and the co-admins that an admin has named to it. For the others the device of the
//! admin longest in the call tells the co-admins who waits, and passes their decisions on.

use anteroom_e2ee::{AdmissionReason, CoAdmin, MemberLeaf, Moment};
use anteroom_e2ee_session::{
    CoAdminDecision, CoAdminVerdict, Command as SessionCommand, CommandError, Listing, MAX_WAITING,
    SessionTime, Verdict, WaitingDevice,
};
use anteroom_protocol::{ApprovalStatement, DemuxId};
use anteroom_wire::rooms::socket::ClientMessage;

use super::{Effect, Encryption, Surroundings, devices::listed, shared_lobby::ToldLobby};
use crate::{
    Participant,
    call::{
        event::{CallEvent, DecisionHandling, StatementOmission},
        group::GroupError,
        roster::Roster,
    },
};

impl Encryption {
    /// Returns whether the person is a co-admin whose decisions need the device of an admin.
    pub(in crate::call) fn decides_through_admins(&self) -> bool {
        self.is_co_admin_alone() && !self.lobby.has_service_rights
    }

    /// Returns whether the person is a co-admin without the passkey.
    pub(super) fn is_co_admin_alone(&self) -> bool {
        self.is_on && !self.lobby.has_passkey && self.session.is_co_admin()
    }

    /// Takes note whether the room service takes the decisions of this device, and shows it the lobby. What an
    /// admin's device has told of it is forgotten then.
    pub(in crate::call) fn set_service_rights(&mut self, has_rights: bool) {
        self.lobby.has_service_rights = has_rights;
        if has_rights && !self.lobby.waiting.is_empty() {
            self.lobby.waiting.clear();
            self.show_lobby();
        }
    }

    /// Returns the roster with the lobby that a co-admin was told.
    pub(in crate::call) fn shown_roster(&self) -> Roster {
        let mut roster = self.lobby.roster.clone();
        roster.pending.extend(self.lobby.waiting.iter().map(shown));
        roster.pending_count = roster.pending_count.max(roster.pending.len());
        roster
    }

    /// Sends the decision of a co-admin to the device of an admin.
    pub(in crate::call) fn decide(
        &mut self,
        device: DemuxId,
        verdict: CoAdminVerdict,
        surroundings: Surroundings<'_>,
    ) {
        let Surroundings { time, rng } = surroundings;
        let in_lobby = self.lobby.waiting.iter();
        let mut in_lobby = in_lobby.filter(|one| one.demux_id == device).cloned();
        let in_call = listed(&self.lobby.roster, device).and_then(waiting);
        let found = match verdict {
            // A device in the call, and not in its group, gets the approval that it lacks.
            CoAdminVerdict::Admit => in_lobby.chain(in_call).next(),
            CoAdminVerdict::Deny => in_lobby.next(),
            CoAdminVerdict::Remove | CoAdminVerdict::Block => in_call,
        };
        let admits = verdict == CoAdminVerdict::Admit;
        let has_admin = self.told.as_ref().is_some_and(|told| told.has_admin_device);
        let is_steady = found
            .as_ref()
            .is_none_or(|device| self.lobby.records.is_steady(&shown(device)));
        let error = match found {
            _ if admits && !is_steady => Some(GroupError::Changed),
            // The signature has put a leaf out, and the room service has no such device to send away.
            None if self.is_unlisted_member(device) && !admits && !self.is_of_admin(device) => None,
            _ if !has_admin => Some(GroupError::NoAdminDevice),
            None => Some(GroupError::NotWaiting),
            Some(one) if self.is_beyond_co_admins(&shown_in(&self.lobby.roster, &one), admits) => {
                // The signature has put a member out whom the room service alone calls an admin.
                let is_put_out = !admits && self.is_member(device) && !self.is_of_admin(device);
                Some(match is_put_out {
                    true => GroupError::ListedAsAdmin,
                    false => GroupError::OfAdmin,
                })
            }
            Some(device) => {
                let command = SessionCommand::Decide { device, verdict };
                let done = self.session.command(command, time, rng);
                done.err().map(Into::into)
            }
        };
        if let Some(error) = error {
            self.tell(CallEvent::GroupRefused(error));
        }
        self.settle(Surroundings { time, rng });
    }

    /// Returns whether this device signs approvals as a co-admin whose decisions the room service takes, and who has no
    /// admin key.
    pub(in crate::call) fn signs_as_co_admin(&self) -> bool {
        !self.lobby.has_admin_key && self.session.is_co_admin()
    }

    /// Returns whether this device signs approvals with the admin key, by the statements that its group has brought.
    pub(in crate::call) fn signs_as_admin(&self) -> bool {
        self.is_on && self.session.has_admin_key()
    }

    /// Signs the approval of a device, by the statements that are known now.
    ///
    /// # Errors
    /// Nothing is signed for the device.
    pub(in crate::call) fn approval(
        &mut self,
        device: DemuxId,
        time: SessionTime,
    ) -> Result<Option<ApprovalStatement>, StatementOmission> {
        let lobby = &self.lobby;
        let mut devices = lobby.roster.pending.iter().chain(&lobby.roster.active);
        let device = devices.find(|one| one.demux == device);
        let device = device.ok_or(StatementOmission::NoDevice)?;
        if !lobby.records.is_steady(device) {
            return Err(StatementOmission::Changed);
        }
        let device = waiting(device).ok_or(StatementOmission::without_key(device))?;
        super::errors::signed_approval(self.session.approve(&device, time))
    }

    /// Takes the decision of a co-admin, and passes it on if that is for this device. One that is said again at
    /// once is left out, and what is too much of one co-admin.
    pub(super) fn take_decision(
        &mut self,
        claims: MemberLeaf,
        decision: CoAdminDecision,
        now: Moment,
    ) {
        let decisions = &mut self.lobby.decisions;
        if !decisions.takes(&claims.member_key, &decision, now) {
            return;
        }
        let handling = match self.passed_on(&decision) {
            Some(message) => {
                self.effects.push_back(Effect::Send(message));
                DecisionHandling::PassedOn
            }
            None if self.passes_decisions_on() => DecisionHandling::Dropped,
            None => DecisionHandling::OfOther,
        };
        self.tell(CallEvent::Decision {
            claims: Box::new(claims),
            decision,
            handling,
        });
    }

    /// Returns whether this device is the one that passes the decisions of co-admins on.
    fn passes_decisions_on(&self) -> bool {
        let lobby = &self.lobby;
        let admin = self.told.as_ref().and_then(|told| lobby.admin_device(told));
        lobby.has_passkey && admin.is_some() && admin == lobby.own
    }

    /// Returns the message that a device of an admin sends to the room service for a decision of a co-admin: about the device
    /// that the co-admin has seen, and about no admin.
    fn passed_on(&self, decision: &CoAdminDecision) -> Option<ClientMessage> {
        if !self.passes_decisions_on() {
            return None;
        }
        let lobby = &self.lobby;
        let pending = lobby.roster.pending.iter();
        let mut pending = pending.filter(|one| one.demux == decision.device);
        let active = listed(&lobby.roster, decision.device);
        let device = match decision.verdict {
            Verdict::Admit(_) => pending.chain(active).next()?,
            Verdict::Deny => pending.next()?,
            Verdict::Remove | Verdict::Block => active?,
        };
        let admits = matches!(decision.verdict, Verdict::Admit(_));
        if device.member_key() != Some(decision.member_key)
            || self.is_beyond_co_admins(device, admits)
        {
            return None;
        }
        let demux_id = decision.device.number();
        Some(match &decision.verdict {
            Verdict::Admit(approval) => {
                if device.user.as_ref() != Some(&approval.claimed().user) {
                    return None;
                }
                let statement = ApprovalStatement::new(approval.as_bytes()).ok();
                ClientMessage::Approve {
                    demux_id,
                    statement: statement.filter(|_| lobby.has_statements),
                }
            }
            Verdict::Deny => ClientMessage::Deny { demux_id },
            Verdict::Remove => ClientMessage::Remove { demux_id },
            Verdict::Block => ClientMessage::Block { demux_id },
        })
    }

    /// Returns whether a co-admin decides nothing about a device: it is an admin's, or of the account of an admin,
    /// who may come with another device, which nobody but an admin sends away.
    pub(super) fn is_beyond_co_admins(&self, device: &Participant, admits: bool) -> bool {
        let mut admins = self.lobby.roster.active.iter().filter(|one| one.is_admin);
        let mut is_of_admin =
            || admins.any(|admin| admin.user.is_some() && admin.user == device.user);
        self.is_admins(device) || (!admits && is_of_admin())
    }

    /// Returns whether a device is an admin's, or of the user of an admin, by the group alone.
    pub(super) fn is_of_admin(&self, device: DemuxId) -> bool {
        let told = self.told.as_ref();
        told.is_some_and(|told| told.is_of_admin(device))
    }

    fn is_unlisted_member(&self, device: DemuxId) -> bool {
        self.is_member(device) && listed(&self.lobby.roster, device).is_none()
    }

    fn is_member(&self, device: DemuxId) -> bool {
        let told = self.told.as_ref();
        told.is_some_and(|told| told.member(device).is_some())
    }

    /// Returns whether a device is an admin's, by the word of the room service or by the group.
    fn is_admins(&self, device: &Participant) -> bool {
        let told = self.told.as_ref();
        let member = told.and_then(|told| told.member(device.demux));
        device.is_admin || member.is_some_and(|member| member.reason == AdmissionReason::Admin)
    }

    /// Takes the lobby that the device of an admin has told.
    pub(super) fn take_lobby(&mut self, devices: Vec<WaitingDevice>) {
        let is_shown = self.lobby.has_passkey || self.lobby.has_service_rights;
        if !is_shown && self.lobby.waiting != devices {
            self.lobby.waiting = devices;
            self.show_lobby();
        }
    }

    /// Shows the lobby that this device was told.
    pub(super) fn show_lobby(&mut self) {
        let roster = self.shown_roster();
        self.lobby.records.see(&roster);
        self.tell(CallEvent::Roster(roster));
    }

    /// Takes the roster of the room service.
    pub(super) fn keep_roster(&mut self, roster: &Roster) {
        let lobby = &mut self.lobby;
        lobby.roster.clone_from(roster);
        let is_in = |device: DemuxId| roster.active.iter().any(|one| one.demux == device);
        lobby.waiting.retain(|one| !is_in(one.demux_id));
        if roster.pending_count == 0 {
            lobby.waiting.clear();
        }
        let shown = self.shown_roster();
        self.lobby.records.see(&shown);
    }

    /// Tells the co-admins of the lobby, or forgets the lobby that nobody tells any more.
    pub(super) fn share_lobby(&mut self, surroundings: Surroundings<'_>) {
        self.lobby.due = None;
        let Some(state) = self.told.as_ref() else {
            return;
        };
        let is_told = state.is_co_admin && state.has_admin_device;
        if !is_told && !self.lobby.waiting.is_empty() {
            self.lobby.waiting.clear();
            self.tell(CallEvent::Roster(self.shown_roster()));
            return;
        }
        let lobby = &self.lobby;
        let is_teller = lobby.has_passkey && lobby.own.is_some();
        if !is_teller || !state.may_send || lobby.admin_device(state) != lobby.own {
            self.lobby.told = None;
            return;
        }
        let named = self.co_admins().unwrap_or_default();
        let co_admins: Vec<(u32, u64)> = state
            .members
            .iter()
            .filter(|member| {
                let key = member.claims.member_key;
                let device = member.claims.demux_id;
                let mut active = lobby.roster.active.iter();
                let listed = active.find(|one| one.demux == device);
                member.listing == Listing::Listed
                    && named.iter().any(|one| one.member_key == key)
                    && listed.is_some_and(|one| !one.is_admin && !one.is_lost)
            })
            .map(|member| (member.leaf, member.claims.serial))
            .collect();
        let devices: Vec<WaitingDevice> = match co_admins.is_empty() {
            true => Vec::new(),
            false => {
                let pending = lobby.roster.pending.iter();
                let steady = pending.filter(|one| lobby.records.is_steady(one));
                steady.filter_map(waiting).take(MAX_WAITING).collect()
            }
        };
        let Surroundings { time, rng } = surroundings;
        let next = ToldLobby { devices, co_admins };
        let Some(devices) = self.lobby.due_lobby(next, time.moment) else {
            return;
        };
        let command = SessionCommand::TellLobby(devices);
        if self.session.command(command, time, rng).is_err() {
            self.lobby.told = None;
        }
        self.take_outputs(time.moment);
    }

    /// Returns the co-admins of the era and a member.
    pub(super) fn co_admins_with(&self, device: DemuxId) -> Result<Vec<CoAdmin>, CommandError> {
        let mut all = self.co_admins()?;
        let member = self.claims(device)?;
        if all.iter().all(|one| one.member_key != member.member_key) {
            all.push(CoAdmin {
                user: member.user,
                member_key: member.member_key,
            });
        }
        Ok(all)
    }

    /// Returns the co-admins of the era but a member, who may have left and would come back with the right.
    pub(super) fn co_admins_without(&self, device: DemuxId) -> Result<Vec<CoAdmin>, GroupError> {
        let mut others = self.co_admins()?;
        let key = self.co_admin_key(device)?;
        let number = others.len();
        others.retain(|one| one.member_key != key);
        match others.len() < number {
            true => Ok(others),
            false => Err(CommandError::NoCoAdmin.into()),
        }
    }

    /// Returns the co-admins of the era by what this device has signed too: the group may not have it yet.
    pub(super) fn co_admins(&self) -> Result<Vec<CoAdmin>, CommandError> {
        self.session.context().ok_or(CommandError::NotInGroup)?;
        Ok(self.session.co_admins().to_vec())
    }

    /// Returns the claims of the member with a device.
    pub(super) fn claims(&self, device: DemuxId) -> Result<MemberLeaf, CommandError> {
        let members = self.session.members();
        let mut members = members.into_iter().map(|member| member.claims);
        let member = members.find(|claims| claims.demux_id == device);
        member.ok_or(CommandError::UnknownMember)
    }
}

/// Returns a device of a roster as co-admins are told of it; `None` without a user or a key.
fn waiting(participant: &Participant) -> Option<WaitingDevice> {
    Some(WaitingDevice {
        demux_id: participant.demux,
        user: participant.user.clone()?,
        member_key: participant.member_key()?,
        is_guest: participant.is_guest,
        name: participant.name.clone(),
    })
}

/// Returns a device as the roster lists it, or as a co-admin was told of it.
fn shown_in(roster: &Roster, device: &WaitingDevice) -> Participant {
    listed(roster, device.demux_id).map_or_else(|| shown(device), Clone::clone)
}

/// Returns a device that a co-admin was told of as the rosters of admins have it.
fn shown(device: &WaitingDevice) -> Participant {
    Participant {
        demux: device.demux_id,
        user: Some(device.user.clone()),
        hand_raised_at: None,
        is_lost: false,
        is_admin: false,
        is_co_admin: false,
        is_guest: device.is_guest,
        media: anteroom_protocol::media::PerSource::default(),
        name: device.name.clone(),
        member: Some(device.member_key.named()),
        stated_key: Some(device.member_key),
    }
}

#[cfg(test)]
mod tests;
