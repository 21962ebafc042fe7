//! The roster of the room service, with the times at which it stopped listing devices.

use std::collections::BTreeSet;

use anteroom_e2ee::{MemberLeaf, MemberPublicKey, Moment, RosterHistory};
use anteroom_protocol::{DemuxId, OpaqueUserId};

use crate::{
    ROSTER_REQUEST_INTERVAL,
    event::Listing,
    input::{RosterDevice, SeatStatus},
};

/// The roster as it is now.
#[derive(Clone, Debug, Default)]
pub(crate) struct RosterState {
    devices: Vec<RosterDevice>,
    /// The rosters as the checks of commits read them.
    pub(crate) history: RosterHistory,
    /// The moment before which the whole roster is not requested again.
    request_after: Option<Moment>,
}

impl RosterState {
    pub(crate) fn update(&mut self, devices: Vec<RosterDevice>, now: Moment) {
        self.devices = devices;
        let active: BTreeSet<DemuxId> = self.active().collect();
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

    /// Returns the moment since which the roster has not listed a leaf as it is: its device not as active, or with
    /// another user or member key; `None` while it does.
    pub(crate) fn unlisted_since(&self, claims: &MemberLeaf) -> Option<Moment> {
        let gone = self.history.gone_since(claims.demux_id);
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

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use anteroom_e2ee::{Admission, DeviceSecret};
    use anteroom_protocol::RoomId;

    use super::*;

    fn device(number: u32) -> RosterDevice {
        RosterDevice {
            demux_id: DemuxId::new(number * 16).unwrap(),
            user: None,
            member_key: None,
            is_admin: false,
            status: SeatStatus::Active,
        }
    }

    /// The committer and the checks of its commit read the same times.
    #[test]
    fn of_very_many_devices_that_went_the_last_are_not_taken_for_gone_before() {
        let at = |seconds| Moment::new(Duration::from_secs(seconds));
        let mut roster = RosterState::default();
        roster.update((1..6_000).map(device).collect(), at(0));
        roster.update(vec![device(1)], at(10));
        roster.update(Vec::new(), at(20));
        let key = DeviceSecret::from_bytes([1; 32]).member_key(&RoomId::from_bytes([1; 32]));
        let last = MemberLeaf {
            user: OpaqueUserId::parse("0a").unwrap(),
            demux_id: device(1).demux_id,
            member_key: key.public(),
            admission: Admission::None,
            serial: 1,
            name: None,
            certificate: None,
        };
        assert_eq!(roster.unlisted_since(&last), Some(at(20)));
        assert!(!roster.history.is_gone(&last, at(21)));
        assert!(roster.history.is_gone(&last, at(22)));
    }
}
