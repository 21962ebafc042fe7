//! The group of the end-to-end encryption, as far as this device knows it.

use std::collections::BTreeSet;

use anteroom_client::{
    AdmissionReason, DemuxId, GroupEpoch, GroupState, MemberLeaf, MemberPublicKey, MemberStatus,
    Participant,
};

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
    /// The co-admins that were told last.
    pub(super) told_co_admins: Vec<MemberPublicKey>,
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

    /// Returns whether a member can sign as an admin; `None` where the room service decides who is one.
    pub(super) fn is_admin(&self, member: &MemberStatus) -> Option<bool> {
        let state = self.state.as_ref().filter(|state| state.has_admin)?;
        let is_named = state.admins.contains(&member.claims.member_key);
        Some(is_named || member.reason == AdmissionReason::Admin)
    }

    /// Returns the member that has signed a leaf, if the group has it.
    pub(super) fn signer(&self, claims: &MemberLeaf) -> Option<&MemberStatus> {
        let mut members = self.state.iter().flat_map(|state| &state.members);
        members.find(|member| {
            let known = &member.claims;
            known.member_key == claims.member_key && known.demux_id == claims.demux_id
        })
    }

    /// Adds a member.
    pub(super) fn add(&mut self, member: &MemberStatus) {
        let state = self.state.get_or_insert_default();
        state.members.retain(|known| known.leaf != member.leaf);
        state.members.push(member.clone());
    }

    /// Returns the member with a leaf.
    pub(super) fn member(&self, leaf: u32) -> Option<&MemberStatus> {
        let mut members = self.state.iter().flat_map(|state| &state.members);
        members.find(|member| member.leaf == leaf)
    }
}
