//! The keys of co-admins as the leaves of the group have shown them, for those who have left.

use std::collections::HashMap;

use anteroom_e2ee::{CoAdmin, MemberPublicKey};
use anteroom_e2ee_session::CommandError;
use anteroom_protocol::DemuxId;

use super::Encryption;
use crate::call::group::{GroupError, GroupState};

/// The maximum number of remembered devices.
const MOST_DEVICES: usize = 1024;

/// The co-admins under the numbers of their devices in an era. The group proves the user and the key of a leaf; the
/// room service could state others at first.
#[derive(Default)]
pub(super) struct CoAdminKeys(HashMap<DemuxId, ShownCoAdmin>);

struct ShownCoAdmin {
    co_admin: CoAdmin,
    /// Whether this person has named it.
    is_named: bool,
    /// Whether the leaf of another co-admin had the number too.
    is_shared: bool,
}

impl CoAdminKeys {
    /// Takes a co-admin that this person names by its leaf.
    fn name(&mut self, device: DemuxId, co_admin: CoAdmin) {
        self.insert(device, co_admin, true);
    }

    /// Takes the leaf of a co-admin. A co-admin can put the number of another one into a leaf of its own.
    fn see(&mut self, device: DemuxId, co_admin: CoAdmin) {
        match self.0.get_mut(&device) {
            Some(shown) => {
                let is_other = shown.co_admin.member_key != co_admin.member_key;
                shown.is_shared |= is_other && !shown.is_named;
            }
            None => self.insert(device, co_admin, false),
        }
    }

    fn insert(&mut self, device: DemuxId, co_admin: CoAdmin, is_named: bool) {
        if self.0.len() < MOST_DEVICES || self.0.contains_key(&device) {
            let shown = ShownCoAdmin {
                co_admin,
                is_named,
                is_shared: false,
            };
            self.0.insert(device, shown);
        }
    }
}

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
        match lobby.co_admin_keys.0.get(&device) {
            Some(shown) if shown.is_shared => Err(GroupError::Changed),
            Some(shown) => Ok(shown.co_admin.member_key),
            None if lobby.records.has_changed(device) => Err(GroupError::Changed),
            None => {
                let key = lobby.records.key(device);
                key.ok_or(GroupError::Command(CommandError::UnknownMember))
            }
        }
    }

    /// Returns the user of a co-admin who has left, as its leaf has shown it.
    pub(super) fn former_co_admin(&self, device: DemuxId) -> Option<&CoAdmin> {
        let shown = self.lobby.co_admin_keys.0.get(&device);
        shown
            .filter(|shown| !shown.is_shared)
            .map(|shown| &shown.co_admin)
    }
}
