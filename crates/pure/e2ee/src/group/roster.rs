//! The times at which the room service stopped listing devices.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use anteroom_protocol::{DemuxId, OpaqueUserId};

use super::leaf::MemberLeaf;
use crate::{MemberPublicKey, Moment};

/// The time after which a device that the roster does not list as active may be taken out.
pub const ABSENCE: Duration = Duration::from_secs(2);

/// The maximum number of devices that are remembered as gone.
const MAX_GONE: usize = 4096;

/// The active devices of the rosters that the room service told, and when it stopped telling each.
///
/// The roster is the service's word: it decides when somebody may be taken out, and is never a reason to
/// refuse a member.
#[derive(Clone, Debug, Default)]
pub struct RosterHistory {
    first: Option<Moment>,
    active: BTreeSet<DemuxId>,
    gone: BTreeMap<DemuxId, Moment>,
    /// The users of active devices, with the moments since which the rosters list them.
    users: BTreeMap<DemuxId, (OpaqueUserId, Moment)>,
    /// The same of their member keys.
    keys: BTreeMap<DemuxId, (MemberPublicKey, Moment)>,
}

impl RosterHistory {
    /// Takes a roster with all active devices.
    pub fn update(&mut self, active: BTreeSet<DemuxId>, now: Moment) {
        self.first.get_or_insert(now);
        for id in self.active.difference(&active) {
            self.gone.insert(*id, now);
        }
        self.gone.retain(|id, _| !active.contains(id));
        if self.gone.len() > MAX_GONE {
            // Devices that are forgotten count as gone since the first roster.
            self.gone.retain(|_, since| since.plus(ABSENCE) > now);
        }
        self.users.retain(|id, _| active.contains(id));
        self.keys.retain(|id, _| active.contains(id));
        self.active = active;
    }

    /// Takes the users that the same roster lists for active devices.
    pub fn update_users(
        &mut self,
        users: impl IntoIterator<Item = (DemuxId, OpaqueUserId)>,
        now: Moment,
    ) {
        self.users = self.listed(&self.users, users, now);
    }

    /// Takes the member keys that the same roster lists for active devices.
    pub fn update_keys(
        &mut self,
        keys: impl IntoIterator<Item = (DemuxId, MemberPublicKey)>,
        now: Moment,
    ) {
        self.keys = self.listed(&self.keys, keys, now);
    }

    /// Returns what a roster lists for active devices, with the moments since which the rosters do.
    fn listed<T: PartialEq>(
        &self,
        former: &BTreeMap<DemuxId, (T, Moment)>,
        listed: impl IntoIterator<Item = (DemuxId, T)>,
        now: Moment,
    ) -> BTreeMap<DemuxId, (T, Moment)> {
        let active = listed.into_iter().filter(|(id, _)| self.is_active(*id));
        let listed = active.map(|(id, one)| {
            let former = former.get(&id).filter(|(former, _)| *former == one);
            let since = former.map_or(now, |(_, since)| *since);
            (id, (one, since))
        });
        listed.collect()
    }

    /// Returns whether a device is listed as active.
    #[must_use]
    pub fn is_active(&self, device: DemuxId) -> bool {
        self.active.contains(&device)
    }

    /// Returns the moment at which the rosters stopped listing a device as active, the first one if none listed it;
    /// `None` while they do, and before there is one.
    #[must_use]
    pub fn gone_since(&self, device: DemuxId) -> Option<Moment> {
        let since = self.gone.get(&device).copied().or(self.first);
        since.filter(|_| !self.is_active(device))
    }

    /// Returns whether the rosters have not listed a device as active for [`ABSENCE`].
    #[must_use]
    pub fn is_absent(&self, device: DemuxId, now: Moment) -> bool {
        let since = self.gone_since(device);
        since.is_some_and(|since| now >= since.plus(ABSENCE))
    }

    /// Returns the moment since which the rosters have listed the device of a leaf with another user or another
    /// member key than the leaf's.
    #[must_use]
    pub fn contradicted_since(&self, leaf: &MemberLeaf) -> Option<Moment> {
        let user = self.users.get(&leaf.demux_id);
        let user = user.filter(|(user, _)| *user != leaf.user);
        let key = self.keys.get(&leaf.demux_id);
        let key = key.filter(|(key, _)| *key != leaf.member_key);
        let moments = [user.map(|(_, since)| *since), key.map(|(_, since)| *since)];
        moments.into_iter().flatten().min()
    }

    /// Returns whether a leaf may be taken out: the rosters have not listed its device as active for
    /// [`ABSENCE`], or have listed it with another user or member key for as long. A place in the call has one of
    /// each: a leaf with another key would keep out the device whose number it has, and one with another user
    /// the devices of that user.
    #[must_use]
    pub fn is_gone(&self, leaf: &MemberLeaf, now: Moment) -> bool {
        let contradicted = self.contradicted_since(leaf);
        self.is_absent(leaf.demux_id, now)
            || contradicted.is_some_and(|since| now >= since.plus(ABSENCE))
    }
}

#[cfg(test)]
mod tests {
    use anteroom_protocol::RoomId;

    use super::*;
    use crate::{Admission, DeviceSecret};

    #[test]
    fn a_device_is_absent_2_s_after_the_roster_stopped_listing_it() {
        let at = |millis| Moment::new(Duration::from_millis(millis));
        let [ann, bob] = [16, 32].map(|number| DemuxId::new(number).unwrap());
        let mut history = RosterHistory::default();
        assert!(!history.is_absent(ann, at(9_000)), "no roster yet");
        history.update(BTreeSet::from([ann]), at(10_000));
        assert!(!history.is_absent(bob, at(11_999)));
        assert!(history.is_absent(bob, at(12_000)), "never listed");
        assert!(!history.is_absent(ann, at(99_000)));
        history.update(BTreeSet::new(), at(20_000));
        history.update(BTreeSet::new(), at(21_000));
        assert!(!history.is_absent(ann, at(21_999)));
        assert!(history.is_absent(ann, at(22_000)));
        history.update(BTreeSet::from([ann]), at(22_000));
        assert!(!history.is_absent(ann, at(99_000)), "back");
    }

    #[test]
    fn a_leaf_under_the_number_of_another_key_or_user_is_gone_after_2_s() {
        let at = |millis| Moment::new(Duration::from_millis(millis));
        let ann = DemuxId::new(16).unwrap();
        let room = RoomId::from_bytes([1; 32]);
        let leaf = |user: &str, number| MemberLeaf {
            user: OpaqueUserId::parse(user).unwrap(),
            demux_id: ann,
            member_key: DeviceSecret::from_bytes([number; 32])
                .member_key(&room)
                .public(),
            admission: Admission::None,
            serial: 1,
            name: None,
            certificate: None,
        };
        let listed = leaf("0a", 1);
        let others = [leaf("0a", 2), leaf("0b", 1), leaf("0b", 2)];
        let mut history = RosterHistory::default();
        history.update(BTreeSet::from([ann]), at(10_000));
        for other in &others {
            assert!(!history.is_gone(other, at(99_000)), "listed without both");
        }
        for now in [20_000, 21_000] {
            history.update(BTreeSet::from([ann]), at(now));
            history.update_users([(ann, listed.user.clone())], at(now));
            history.update_keys([(ann, listed.member_key)], at(now));
        }
        for other in &others {
            assert_eq!(history.contradicted_since(other), Some(at(20_000)));
            assert!(!history.is_gone(other, at(21_999)));
            assert!(history.is_gone(other, at(22_000)));
        }
        assert!(!history.is_gone(&listed, at(99_000)));
        // The device names another key.
        history.update_keys([(ann, others[0].member_key)], at(25_000));
        assert_eq!(history.contradicted_since(&others[1]), Some(at(20_000)));
        assert_eq!(history.contradicted_since(&listed), Some(at(25_000)));
        history.update(BTreeSet::new(), at(30_000));
        for other in &others {
            assert_eq!(history.contradicted_since(other), None);
            assert!(!history.is_gone(other, at(31_999)));
        }
    }
}
