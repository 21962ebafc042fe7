//! The devices of an era as they were first seen.

use std::collections::HashMap;

use anteroom_e2ee::MemberPublicKey;
use anteroom_protocol::{DemuxId, EraId, OpaqueUserId};

use crate::{MemberLeaf, Participant, Roster};

/// The maximum number of devices that are remembered. No approvals are signed for later ones of the era.
const MOST_DEVICES: usize = 4096;

/// The user and the member key that the first roster or group with a device stated. An admin decides about a
/// device of which a roster has told: a later roster could put another user or another key behind its number, or
/// list somebody who waits with the number of a member.
#[derive(Default)]
pub(crate) struct DeviceRecords {
    era: Option<EraId>,
    devices: HashMap<DemuxId, DeviceRecord>,
}

struct DeviceRecord {
    user: Option<OpaqueUserId>,
    member_key: Option<MemberPublicKey>,
    has_changed: bool,
}

impl DeviceRecords {
    /// Begins an era. Those of the same era stay.
    pub(crate) fn begin(&mut self, era: EraId) {
        if self.era != Some(era) {
            self.era = Some(era);
            self.devices.clear();
        }
    }

    /// Takes in a roster.
    pub(crate) fn see(&mut self, roster: &Roster) {
        for shown in roster.active.iter().chain(&roster.pending) {
            if let Some(first) = self.devices.get_mut(&shown.demux) {
                first.has_changed |= !first.is(shown);
            } else if self.devices.len() < MOST_DEVICES {
                self.devices.insert(shown.demux, DeviceRecord::of(shown));
            }
        }
    }

    /// Takes in a member of the group, whose key proves the user and the number.
    pub(crate) fn see_member(&mut self, claims: &MemberLeaf) {
        if let Some(first) = self.devices.get_mut(&claims.demux_id) {
            first.has_changed |= !first.is_member(claims);
        } else if self.devices.len() < MOST_DEVICES {
            let record = DeviceRecord::of_member(claims);
            self.devices.insert(claims.demux_id, record);
        }
    }

    /// Returns whether all rosters and groups of the era state the same user and member key of a device.
    pub(crate) fn is_steady(&self, device: &Participant) -> bool {
        let first = self.devices.get(&device.demux);
        first.is_some_and(|first| !first.has_changed && first.is(device))
    }
}

impl DeviceRecord {
    fn of(device: &Participant) -> Self {
        Self {
            user: device.user.clone(),
            member_key: device.member_key(),
            has_changed: false,
        }
    }

    fn of_member(claims: &MemberLeaf) -> Self {
        Self {
            user: Some(claims.user.clone()),
            member_key: Some(claims.member_key),
            has_changed: false,
        }
    }

    fn is_member(&self, claims: &MemberLeaf) -> bool {
        self.user.as_ref() == Some(&claims.user) && self.member_key == Some(claims.member_key)
    }

    fn is(&self, device: &Participant) -> bool {
        self.user == device.user && self.member_key == device.member_key()
    }
}
