//! Co-admins under the numbers of their devices, as the leaves of the group have shown them.

use std::collections::HashMap;

use anteroom_e2ee::CoAdmin;
use anteroom_protocol::DemuxId;

/// The maximum number of remembered devices.
const MOST_DEVICES: usize = 1024;

/// The co-admins under the numbers of their devices in an era. The group proves the user and the key of a leaf; the
/// room service could state others at first.
#[derive(Default)]
pub(super) struct CoAdminKeys(HashMap<DemuxId, ShownCoAdmin>);

/// A co-admin under a number.
pub(super) struct ShownCoAdmin {
    pub(super) co_admin: CoAdmin,
    /// Whether this person has named it.
    is_named: bool,
    /// Whether the leaf of another co-admin had the number too, and this person has named neither.
    pub(super) is_shared: bool,
    /// Whether the leaf of another co-admin had the number too.
    pub(super) is_reused: bool,
}

impl CoAdminKeys {
    /// Returns the co-admin that was shown under a number first, or was named.
    pub(super) fn shown(&self, device: DemuxId) -> Option<&ShownCoAdmin> {
        self.0.get(&device)
    }

    /// Takes a co-admin that this person names by its leaf.
    pub(super) fn name(&mut self, device: DemuxId, co_admin: CoAdmin) {
        self.insert(device, co_admin, true);
    }

    /// Takes the leaf of a co-admin. A co-admin can put the number of another one into a leaf of its own.
    pub(super) fn see(&mut self, device: DemuxId, co_admin: CoAdmin) {
        match self.0.get_mut(&device) {
            Some(shown) => {
                let is_other = shown.co_admin.member_key != co_admin.member_key;
                shown.is_shared |= is_other && !shown.is_named;
                shown.is_reused |= is_other;
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
                is_reused: false,
            };
            self.0.insert(device, shown);
        }
    }
}
