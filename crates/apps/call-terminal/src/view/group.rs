//! The group of the end-to-end encryption, as far as this device knows it.

use std::collections::{BTreeMap, BTreeSet};

use anteroom_client::{
    AdmissionReason, CallModeration, DemuxId, GroupEpoch, GroupState, MemberLeaf, MemberPublicKey,
    MemberStatus, Participant,
};

use super::{put_out::PutOut, silence_news::SilenceNews};
use crate::role::Role;

/// The group as far as it is known to this device.
#[derive(Default)]
pub(super) struct GroupView {
    /// The state; `None` for a device that takes no part in the encryption.
    pub(super) state: Option<GroupState>,
    /// The devices without end-to-end encryption that were told of.
    pub(super) told: BTreeSet<DemuxId>,
    /// The epoch of the words that were shown last, until they are compared.
    pub(super) shown_at: Option<GroupEpoch>,
    pub(super) has_stopped: bool,
    /// Whether the person has compared words in this era.
    pub(super) has_compared: bool,
    /// Whether the person was told what a group of this era is good for.
    pub(super) is_introduced: bool,
    /// The keys of the members whose leaves a commit takes out to add others of theirs.
    pub(super) added_anew: BTreeSet<[u8; 32]>,
    /// The keys of the members that were told as not confirmed.
    pub(super) told_silent: BTreeSet<[u8; 32]>,
    pub(super) silence: SilenceNews,
    /// Whether the person was told to compare words with those who came after the last comparison.
    pub(super) is_advised: bool,
    /// The co-admins that were told last.
    pub(super) told_co_admins: Vec<MemberPublicKey>,
    /// Whether the call was locked when this device was last in the group.
    pub(super) was_locked: bool,
    /// The keys of devices in the call or its lobby that were let in with a signed approval.
    pub(super) approved: BTreeMap<DemuxId, MemberPublicKey>,
    /// Whether a lock keeps this device outside of the group, if it was told that it is kept outside.
    pub(super) kept_outside: Option<bool>,
    /// Whether this co-admin was told that no admin's device passes decisions on, while somebody waits.
    pub(super) told_no_admin: bool,
    /// Whether the link asks for approval, as this device has joined.
    pub(super) asks_by_link: bool,
    /// The decisions about the call at the room service, where they are not as usual.
    pub(super) moderation: Option<CallModeration>,
    pub(super) put_out: PutOut,
    /// Whether the room service takes decisions about the whole call.
    pub(super) has_moderation: bool,
}

/// The place of a device that the room service lists in the call.
pub(super) enum Membership<'s> {
    /// This device takes no part in the encryption.
    NoGroup,
    Member(&'s MemberStatus),
    /// The device can be in the group, and is not.
    Outside,
    /// The device names no member key.
    NoKey,
}

impl GroupView {
    /// Returns the part of a device in the group.
    pub(super) fn membership(&self, participant: &Participant) -> Membership<'_> {
        let Some(state) = &self.state else {
            return Membership::NoGroup;
        };
        match state.member(participant.demux) {
            Some(member) => Membership::Member(member),
            None if participant.member_key().is_some() && state.members.is_empty() => {
                Membership::NoGroup
            }
            None if participant.member_key().is_some() => Membership::Outside,
            None => Membership::NoKey,
        }
    }

    /// Returns the rights of a member by what it can sign now, whatever an earlier leaf of its key could; `None`
    /// where the room service decides who is an admin.
    pub(super) fn role(&self, member: &MemberStatus) -> Option<Role> {
        let state = self.state.as_ref().filter(|state| state.has_admin)?;
        Some(match member.reason {
            AdmissionReason::Admin => Role::Admin,
            _ if state.co_admins.contains(&member.claims.member_key) => Role::CoAdmin,
            _ => Role::Member,
        })
    }

    /// Returns the member that this device is.
    pub(super) fn own(&self) -> Option<&MemberStatus> {
        let mut members = self.state.iter().flat_map(|state| &state.members);
        members.find(|member| member.is_own)
    }

    /// Returns whether this device has shown the group the admin secret.
    pub(super) fn has_admin_secret(&self) -> bool {
        self.own()
            .is_some_and(|own| own.reason == AdmissionReason::Admin)
    }

    /// Returns the member that has signed a leaf, if the group has it.
    pub(super) fn signer(&self, claims: &MemberLeaf) -> Option<&MemberStatus> {
        let mut members = self.state.iter().flat_map(|state| &state.members);
        members.find(|member| {
            let known = &member.claims;
            known.member_key == claims.member_key && known.demux_id == claims.demux_id
        })
    }

    /// Adds a member, for an earlier one at its leaf, with its number or with its key.
    pub(super) fn add(&mut self, member: &MemberStatus) {
        let state = self.state.get_or_insert_default();
        let new = &member.claims;
        state.members.retain(|known| {
            let claims = &known.claims;
            known.leaf != member.leaf
                && claims.demux_id != new.demux_id
                && claims.member_key != new.member_key
        });
        state.members.push(member.clone());
    }

    /// Removes a member that has left the group.
    pub(super) fn remove(&mut self, leaf: u32, claims: &MemberLeaf) {
        let members = self.state.iter_mut().map(|state| &mut state.members);
        for members in members {
            members.retain(|known| known.leaf != leaf || known.claims != *claims);
        }
    }

    /// Returns the member with a leaf.
    pub(super) fn member(&self, leaf: u32) -> Option<&MemberStatus> {
        let mut members = self.state.iter().flat_map(|state| &state.members);
        members.find(|member| member.leaf == leaf)
    }
}
