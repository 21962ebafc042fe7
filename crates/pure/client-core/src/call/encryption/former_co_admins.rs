//! Co-admins who have left, and would come back with their right.

use anteroom_e2ee::{CoAdmin, MemberPublicKey};
use anteroom_e2ee_session::CommandError;
use anteroom_protocol::DemuxId;

use super::Encryption;
use crate::call::{
    command::DeviceKey,
    group::{GroupError, GroupState},
};

impl Encryption {
    /// Takes note of the leaf by which this person names a co-admin.
    pub(super) fn name_co_admin(&mut self, device: DemuxId) {
        if let Ok(claims) = self.claims(device) {
            let co_admin = CoAdmin {
                user: claims.user,
                member_key: claims.member_key,
            };
            self.lobby.co_admin_keys.name(device, co_admin);
        }
    }

    /// Takes note of the leaves of co-admins.
    pub(super) fn see_co_admins(&mut self, state: &GroupState) {
        let keys = &state.co_admins;
        let members = state.members.iter().map(|member| &member.claims);
        for claims in members.filter(|claims| keys.contains(&claims.member_key)) {
            let co_admin = CoAdmin {
                user: claims.user.clone(),
                member_key: claims.member_key,
            };
            self.lobby.co_admin_keys.see(claims.demux_id, co_admin);
        }
    }

    /// Returns the member key of the device of a co-admin, which has no leaf once it has left.
    ///
    /// # Errors
    /// The number is unknown, or the room service has stated it of different devices.
    pub(super) fn co_admin_key(&self, device: DemuxId) -> Result<MemberPublicKey, GroupError> {
        if let Ok(claims) = self.claims(device) {
            return Ok(claims.member_key);
        }
        let lobby = &self.lobby;
        match lobby.co_admin_keys.shown(device) {
            Some(shown) if shown.is_shared => Err(GroupError::Changed),
            Some(shown) => Ok(shown.co_admin.member_key),
            None if lobby.records.has_changed(device) => Err(GroupError::Changed),
            None => {
                let key = lobby.records.key(device);
                key.ok_or(GroupError::Command(CommandError::UnknownMember))
            }
        }
    }

    /// Returns whether a co-admin without a leaf is the one that a person has read of under its number. Where another
    /// co-admin has had the number too, only the key tells them apart: the room service may list the number without one.
    pub(in crate::call) fn is_former_co_admin(&self, device: DemuxId, read: DeviceKey) -> bool {
        let shown = self.lobby.co_admin_keys.shown(device);
        match shown.filter(|shown| shown.is_reused) {
            Some(shown) if self.claims(device).is_err() => {
                read == DeviceKey::Member(shown.co_admin.member_key)
            }
            _ => true,
        }
    }

    /// Returns the user of a co-admin who has left, as its leaf has shown it.
    pub(super) fn former_co_admin(&self, device: DemuxId) -> Option<&CoAdmin> {
        let shown = self.lobby.co_admin_keys.shown(device);
        shown
            .filter(|shown| !shown.is_shared)
            .map(|shown| &shown.co_admin)
    }
}
