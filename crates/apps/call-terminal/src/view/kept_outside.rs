//! The place of this device outside of the group, and what it and those who decide can do about it.

use anteroom_client::{Admission, DemuxId, GroupError, MemberLeaf, MemberPublicKey, Participant};

use super::{View, changed_devices::find};
use crate::{
    entry::Entry,
    unsaid::{given_up, unsaid},
};

impl View {
    /// Takes note that a device was let in with a signed approval, or that none was signed.
    pub(super) fn note_approval(&mut self, device: DemuxId, key: Option<MemberPublicKey>) {
        let roster = &self.roster;
        let is_listed = |device| {
            find(&roster.active, device)
                .or_else(|| find(&roster.pending, device))
                .is_some()
        };
        let approved = &mut self.group.approved;
        approved.retain(|device, _| is_listed(*device));
        match key {
            Some(key) => approved.insert(device, key),
            None => approved.remove(&device),
        };
    }

    /// Returns whether a signed approval goes with an admission of this person.
    pub(super) fn signs_approvals(&self) -> bool {
        let state = self.group.state.as_ref();
        state.is_some_and(|state| state.signs_approvals)
    }

    /// Returns the key that the roster states of a device.
    pub(super) fn listed_key(&self, device: DemuxId) -> Option<MemberPublicKey> {
        let pending = find(&self.roster.pending, device);
        let listed = pending.or_else(|| find(&self.roster.active, device));
        listed.and_then(Participant::member_key)
    }

    /// Returns the member key of this device, as the group or the roster has it.
    pub(super) fn own_key(&self) -> Option<MemberPublicKey> {
        let own = self.group.own().map(|own| own.claims.member_key);
        own.or_else(|| self.me.and_then(|me| self.listed_key(me)))
    }

    /// Returns whether a device shows no approval that was let in with one. It has kept none that its link's key has
    /// not signed.
    pub(super) fn shows_no_approval(&self, claims: &MemberLeaf) -> bool {
        claims.admission == Admission::None
            && self.group.approved.get(&claims.demux_id) == Some(&claims.member_key)
    }

    /// Returns the entry about a text that was not said, with the lock where that keeps this device outside.
    pub(super) fn not_said(&self, error: GroupError, text: &str) -> Entry {
        match (error, self.group.kept_outside) {
            (GroupError::NotLetIn, Some(true)) => unsaid(
                "the call is locked, and the others let nobody new into their group: ask an admin or a co-admin to \
                 write /lock off",
                text,
            ),
            (error, _) => given_up(error, text),
        }
    }

    /// Returns the place of this device, which is in no group, for its own row.
    pub(super) fn own_place(&self, device: DemuxId) -> &'static str {
        match self.group.kept_outside {
            Some(is_locked) if self.known_devices.is_own(device) => match is_locked {
                true => ", not in the group, since the call is locked",
                false => ", not in the group",
            },
            _ => "",
        }
    }
}
