//! The devices of an era as they were first listed.

use std::collections::{BTreeSet, HashMap};

use anteroom_e2ee::MemberPublicKey;
use anteroom_protocol::{DemuxId, EraId, OpaqueUserId};

use crate::{Participant, Roster};

/// The maximum number of devices that are remembered. Of more, those are forgotten that rosters have not listed
/// for longest.
const MOST_DEVICES: usize = 4096;

/// The maximum number of forgotten devices whose numbers are remembered: some 2 MiB.
const MOST_FORGOTTEN: usize = 65_536;

/// The user and the member key that the first roster with a device stated. An admin decides about a device of
/// which a roster has told: a later roster could put another user or another key behind its number. The records
/// of an era outlive another era in between.
///
/// The leaves of the group make and change no records: a leaf proves its user and its member key, and no number,
/// so a member could keep out whoever waits with a leaf that claims the number.
#[derive(Default)]
pub(crate) struct DeviceRecords {
    era: Option<EraId>,
    devices: HashMap<(EraId, DemuxId), DeviceRecord>,
    /// The numbers of devices that are forgotten. A room service that lists one again can list somebody else by it, so
    /// none is steady any more.
    forgotten: BTreeSet<(EraId, DemuxId)>,
    /// Whether more are forgotten: then no number is known to be new.
    has_forgotten_more: bool,
    /// The number of rosters that were taken in.
    rosters: u64,
}

struct DeviceRecord {
    user: Option<OpaqueUserId>,
    member_key: Option<MemberPublicKey>,
    has_changed: bool,
    /// The number of the last roster that listed it.
    listed: u64,
}

impl DeviceRecords {
    /// Begins an era, or goes on with an earlier one.
    pub(crate) const fn begin(&mut self, era: EraId) {
        self.era = Some(era);
    }

    /// Takes in a roster.
    pub(crate) fn see(&mut self, roster: &Roster) {
        let Some(era) = self.era else {
            return;
        };
        self.rosters = self.rosters.saturating_add(1);
        let mut new = Vec::new();
        for shown in roster.active.iter().chain(&roster.pending) {
            if let Some(first) = self.devices.get_mut(&(era, shown.demux)) {
                first.has_changed |= !first.is(shown);
                first.listed = self.rosters;
            } else {
                new.push(shown);
            }
        }
        self.forget_for(new.len());
        for shown in new {
            let id = (era, shown.demux);
            if let Some(first) = self.devices.get_mut(&id) {
                // The same roster lists it twice.
                first.has_changed |= !first.is(shown);
            } else if self.devices.len() < MOST_DEVICES {
                let mut record = DeviceRecord::of(shown, self.rosters);
                record.has_changed = self.has_forgotten_more || self.forgotten.contains(&id);
                self.devices.insert(id, record);
            } else {
                self.forget(id);
            }
        }
    }

    /// Returns whether all rosters of the era state the same user and member key of a device.
    pub(crate) fn is_steady(&self, device: &Participant) -> bool {
        let era = self.era;
        let first = era.and_then(|era| self.devices.get(&(era, device.demux)));
        first.is_some_and(|first| !first.has_changed && first.is(device))
    }

    /// Returns the user of a device, if all rosters of the era state the same of it.
    pub(crate) fn user(&self, device: DemuxId) -> Option<OpaqueUserId> {
        self.steady(device)?.user.clone()
    }

    /// Returns the member key of a device, if all rosters of the era state the same of it.
    pub(crate) fn key(&self, device: DemuxId) -> Option<MemberPublicKey> {
        self.steady(device)?.member_key
    }

    /// Returns whether rosters of the era state different users or member keys of a device.
    pub(crate) fn has_changed(&self, device: DemuxId) -> bool {
        let record = self.era.and_then(|era| self.devices.get(&(era, device)));
        record.is_some_and(|record| record.has_changed)
    }

    fn steady(&self, device: DemuxId) -> Option<&DeviceRecord> {
        let record = self.devices.get(&(self.era?, device));
        record.filter(|record| !record.has_changed)
    }

    /// Forgets as many devices as have to go for new ones: none that the last roster listed.
    fn forget_for(&mut self, new: usize) {
        let excess = self.devices.len().saturating_add(new);
        let excess = excess.saturating_sub(MOST_DEVICES);
        if excess == 0 {
            return;
        }
        let devices = self.devices.iter();
        let unlisted = devices.filter(|(_, one)| one.listed != self.rosters);
        let mut unlisted: Vec<_> = unlisted.map(|(id, one)| (one.listed, *id)).collect();
        unlisted.sort_unstable_by_key(|(listed, _)| *listed);
        for (_, id) in unlisted.iter().take(excess) {
            self.devices.remove(id);
            self.forget(*id);
        }
    }

    fn forget(&mut self, id: (EraId, DemuxId)) {
        if self.forgotten.len() < MOST_FORGOTTEN {
            self.forgotten.insert(id);
        } else if !self.forgotten.contains(&id) {
            self.has_forgotten_more = true;
        }
    }
}

impl DeviceRecord {
    fn of(device: &Participant, listed: u64) -> Self {
        Self {
            user: device.user.clone(),
            member_key: device.member_key(),
            has_changed: false,
            listed,
        }
    }

    fn is(&self, device: &Participant) -> bool {
        self.user == device.user && self.member_key == device.member_key()
    }
}
