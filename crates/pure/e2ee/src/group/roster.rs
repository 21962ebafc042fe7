//! The times at which the room service stopped listing devices.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use anteroom_protocol::DemuxId;

use crate::Moment;

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
        self.active = active;
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
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
