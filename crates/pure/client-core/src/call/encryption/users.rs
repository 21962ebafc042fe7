//! The users of devices, of which the room service makes co-admins.

use anteroom_e2ee::MemberPublicKey;
use anteroom_protocol::{DemuxId, OpaqueUserId};

use super::{Encryption, devices::listed};

impl Encryption {
    /// Returns the member key of a device: that of its leaf in the group, else the one that it is shown with.
    pub(in crate::call) fn key(&self, device: DemuxId) -> Option<MemberPublicKey> {
        if let Some(claims) = self.claims(device).ok().filter(|_| self.is_on) {
            return Some(claims.member_key);
        }
        let roster = self.shown_roster();
        let mut devices = roster.active.iter().chain(&roster.pending);
        devices.find(|one| one.demux == device)?.member_key()
    }

    /// Returns the users of a device: by the room service, which gives rights by its own lists, and where the link names
    /// an admin key by its leaf in the group, which can claim another one. Without such a key nobody proves the user of a
    /// leaf, and the room service alone knows of co-admins.
    pub(in crate::call) fn users_of(&self, device: DemuxId) -> Vec<OpaqueUserId> {
        let listed = listed(&self.lobby.roster, device).and_then(|one| one.user.clone());
        let left = || self.lobby.records.user(device);
        let claimed = self.claims(device).ok().map(|claims| claims.user);
        let former = || Some(self.former_co_admin(device)?.user.clone());
        let claimed = claimed.or_else(former).filter(|_| self.has_admin);
        let mut users = Vec::from_iter(listed.or_else(left));
        users.extend(claimed.filter(|claimed| !users.contains(claimed)));
        users
    }

    /// Returns the users of a device but those of which another member key is a co-admin.
    pub(in crate::call) fn users_without(&self, device: DemuxId) -> Vec<OpaqueUserId> {
        let key = self.co_admin_key(device).ok();
        let all = self.session.co_admins();
        let is_other = |user: &OpaqueUserId| {
            let mut others = all.iter().filter(|one| Some(one.member_key) != key);
            key.is_some() && others.any(|one| one.user == *user)
        };
        let mut users = self.users_of(device);
        users.retain(|user| !is_other(user));
        users
    }
}
