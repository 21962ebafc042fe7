//! The place of this device outside of the group, and what it and those who decide can do about it.

use anteroom_client::{Admission, DemuxId, MemberLeaf, MemberPublicKey, Participant};

use super::{View, changed_devices::find};

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

    /// Returns whether a signed approval goes with an admission of this person, as far as the group shows it.
    pub(super) fn signs_approvals(&self) -> bool {
        let state = self.group.state.as_ref();
        let is_member = state.is_some_and(|state| !state.members.is_empty());
        !is_member || self.group.has_admin_secret() || self.passes_on()
    }

    /// Returns the key that the roster states of a device.
    pub(super) fn listed_key(&self, device: DemuxId) -> Option<MemberPublicKey> {
        let pending = find(&self.roster.pending, device);
        let listed = pending.or_else(|| find(&self.roster.active, device));
        listed.and_then(Participant::member_key)
    }

    /// Returns whether a device shows no approval that was let in with one. It has kept none that its link's key has
    /// not signed.
    pub(super) fn shows_no_approval(&self, claims: &MemberLeaf) -> bool {
        claims.admission == Admission::None
            && self.group.approved.get(&claims.demux_id) == Some(&claims.member_key)
    }
}
