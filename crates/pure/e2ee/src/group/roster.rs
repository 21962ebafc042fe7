//! The times at which the room service stopped listing devices.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use anteroom_protocol::DemuxId;

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
    /// The member keys of active devices, with the moments since which the rosters list them.
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
        self.keys.retain(|id, _| active.contains(id));
        self.active = active;
    }

    /// Takes the member keys that the same roster lists for active devices.
    pub fn update_keys(
        &mut self,
        keys: impl IntoIterator<Item = (DemuxId, MemberPublicKey)>,
        now: Moment,
    ) {
        let former = core::mem::take(&mut self.keys);
        for (id, key) in keys {
            let former = former.get(&id).filter(|(former, _)| *former == key);
            let since = former.map_or(now, |(_, since)| *since);
            if self.is_active(id) {
                self.keys.insert(id, (key, since));
            }
        }
    }

    /// Returns whether a device is listed as active.
    #[must_use]
    pub fn is_active(&self, device: DemuxId) -> bool {
        self.active.contains(&device)
    }

    /// Returns whether the rosters have not listed a device as active for [`ABSENCE`].
    #[must_use]
    pub fn is_absent(&self, device: DemuxId, now: Moment) -> bool {
        let since = self.gone.get(&device).copied().or(self.first);
        !self.is_active(device) && since.is_some_and(|since| now >= since.plus(ABSENCE))
    }

    /// Returns the moment since which the rosters have listed a device with another member key than this one.
    #[must_use]
    pub fn contradicted_since(&self, device: DemuxId, key: &MemberPublicKey) -> Option<Moment> {
        let (listed, since) = self.keys.get(&device)?;
        (listed != key).then_some(*since)
    }

    /// Returns whether a leaf may be taken out: the rosters have not listed its device as active for
    /// [`ABSENCE`], or have listed it with another member key for as long. A place in the call has one key, and a
    /// leaf under its number with another one would keep out the device that it is of.
    #[must_use]
    pub fn is_gone(&self, device: DemuxId, key: &MemberPublicKey, now: Moment) -> bool {
        let contradicted = self.contradicted_since(device, key);
        self.is_absent(device, now) || contradicted.is_some_and(|since| now >= since.plus(ABSENCE))
    }
}

#[cfg(test)]
mod tests {
    use anteroom_protocol::RoomId;

    use super::*;
    use crate::DeviceSecret;

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
    fn a_leaf_under_the_number_of_another_key_is_gone_2_s_after_the_roster_listed_that_key() {
        let at = |millis| Moment::new(Duration::from_millis(millis));
        let ann = DemuxId::new(16).unwrap();
        let room = RoomId::from_bytes([1; 32]);
        let [key, other] = [1, 2].map(|number| {
            let secret = DeviceSecret::from_bytes([number; 32]);
            secret.member_key(&room).public()
        });
        let mut history = RosterHistory::default();
        history.update(BTreeSet::from([ann]), at(10_000));
        assert!(
            !history.is_gone(ann, &other, at(99_000)),
            "listed without a key"
        );
        for now in [20_000, 21_000] {
            history.update(BTreeSet::from([ann]), at(now));
            history.update_keys([(ann, key)], at(now));
        }
        assert_eq!(history.contradicted_since(ann, &other), Some(at(20_000)));
        assert!(!history.is_gone(ann, &other, at(21_999)));
        assert!(history.is_gone(ann, &other, at(22_000)));
        assert!(!history.is_gone(ann, &key, at(99_000)));
        history.update(BTreeSet::new(), at(30_000));
        assert_eq!(history.contradicted_since(ann, &other), None);
        assert!(!history.is_gone(ann, &other, at(31_999)));
    }
}
