//! The roster of the room service, with the times at which it stopped listing devices.

use std::collections::{BTreeMap, BTreeSet};

use anteroom_e2ee::{MemberLeaf, MemberPublicKey, Moment, RosterHistory};
use anteroom_protocol::{DemuxId, OpaqueUserId};

use crate::{
    ROSTER_REQUEST_INTERVAL,
    event::Listing,
    input::{RosterDevice, SeatStatus},
};

/// The maximum number of devices that are remembered as gone.
const MAX_GONE: usize = 4096;

/// The roster as it is now.
#[derive(Clone, Debug, Default)]
pub(crate) struct RosterState {
    devices: Vec<RosterDevice>,
    /// The rosters as the checks of commits read them.
    pub(crate) history: RosterHistory,
    first: Option<Moment>,
    gone: BTreeMap<DemuxId, Moment>,
    /// The moment before which the whole roster is not requested again.
    request_after: Option<Moment>,
}

impl RosterState {
    pub(crate) fn update(&mut self, devices: Vec<RosterDevice>, now: Moment) {
        self.first.get_or_insert(now);
        let before: BTreeSet<DemuxId> = self.active().collect();
        self.devices = devices;
        let active: BTreeSet<DemuxId> = self.active().collect();
        for device in before.difference(&active) {
            self.gone.insert(*device, now);
        }
        self.gone.retain(|device, _| !active.contains(device));
        while self.gone.len() > MAX_GONE {
            // A device that is forgotten counts as gone since the first roster.
            self.gone.pop_first();
        }
        self.history.update(active, now);
        let devices = self.devices.iter();
        let listed = devices.filter(|device| device.status != SeatStatus::Pending);
        let users = listed.clone();
        let users = users.filter_map(|device| Some((device.demux_id, device.user.clone()?)));
        self.history.update_users(users, now);
        let keys = listed.filter_map(|device| Some((device.demux_id, device.member_key?)));
        self.history.update_keys(keys, now);
    }

    /// Returns the devices in the call whose connections stand, in the order of their joins.
    pub(crate) fn connected(&self) -> impl Iterator<Item = &RosterDevice> {
        let devices = self.devices.iter();
        devices.filter(|device| device.status == SeatStatus::Active)
    }

    pub(crate) fn is_connected(&self, device: DemuxId) -> bool {
        self.connected().any(|one| one.demux_id == device)
    }

    /// Returns the device that is in the call with the user and the member key of the `own` one, and longer: two
    /// programs of a person have the same device secret. No group has both.
    pub(crate) fn first_with_key(
        &self,
        own: DemuxId,
        (user, key): (&OpaqueUserId, &MemberPublicKey),
    ) -> Option<DemuxId> {
        let before = self.connected().take_while(|one| one.demux_id != own);
        let mut same = before
            .filter(|one| one.user.as_ref() == Some(user) && one.member_key.as_ref() == Some(key));
        same.next().map(|one| one.demux_id)
    }

    /// Returns whether other devices are in the call and connected.
    pub(crate) fn has_others(&self, own: DemuxId) -> bool {
        self.connected().any(|one| one.demux_id != own)
    }

    /// Returns the moment at which the roster stopped listing a device as active; `None` while it lists it.
    pub(crate) fn gone_since(&self, device: DemuxId) -> Option<Moment> {
        if self.history.is_active(device) {
            return None;
        }
        self.gone.get(&device).copied().or(self.first)
    }

    /// Returns the moment since which the roster has not listed a leaf as it is: its device not as active, or with
    /// another user or member key; `None` while it does.
    pub(crate) fn unlisted_since(&self, claims: &MemberLeaf) -> Option<Moment> {
        let gone = self.gone_since(claims.demux_id);
        gone.or_else(|| self.history.contradicted_since(claims))
    }

    /// Returns whether the whole roster may be requested now, and takes note of the request.
    pub(crate) fn may_request(&mut self, now: Moment) -> bool {
        let may_request = self.request_after.is_none_or(|after| now >= after);
        if may_request {
            self.request_after = Some(now.plus(ROSTER_REQUEST_INTERVAL));
        }
        may_request
    }

    /// Returns whether the roster has stopped listing a device as active, not long enough ago for its Remove.
    pub(crate) fn is_departing(&self, device: DemuxId, now: Moment) -> bool {
        !self.history.is_active(device) && !self.history.is_absent(device, now)
    }

    /// Returns the word of the roster about a leaf.
    pub(crate) fn listing(&self, claims: &MemberLeaf) -> Listing {
        let mut devices = self.devices.iter();
        let device = devices
            .find(|one| one.demux_id == claims.demux_id && one.status != SeatStatus::Pending);
        let Some(device) = device else {
            return Listing::Unlisted;
        };
        let other_user = device
            .user
            .as_ref()
            .is_some_and(|user| *user != claims.user);
        let other_key = device
            .member_key
            .is_some_and(|key| key != claims.member_key);
        if other_user || other_key {
            Listing::Contradicted
        } else {
            Listing::Listed
        }
    }

    fn active(&self) -> impl Iterator<Item = DemuxId> {
        let devices = self.devices.iter();
        let active = devices.filter(|device| device.status != SeatStatus::Pending);
        active.map(|device| device.demux_id)
    }
}
