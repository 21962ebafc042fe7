//! The times of hints to devices outside of the group.

use core::time::Duration;
use std::collections::BTreeMap;

use anteroom_e2ee::Moment;
use anteroom_protocol::DemuxId;

/// The minimum time between two hints to one device.
const INTERVAL: Duration = Duration::from_secs(10);

/// The maximum number of devices that get a hint within that time.
const MAX_DEVICES: usize = 256;

/// The hints of one kind that a device has given, for a time.
#[derive(Clone, Debug, Default)]
pub(crate) struct HintTimes(BTreeMap<DemuxId, Moment>);

impl HintTimes {
    /// Returns whether a device may get a hint now, and takes note of it.
    pub(crate) fn may_give(&mut self, to: DemuxId, now: Moment) -> bool {
        self.0.retain(|_, last| now < last.plus(INTERVAL));
        if self.0.contains_key(&to) || self.0.len() >= MAX_DEVICES {
            return false;
        }
        self.0.insert(to, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_gets_a_hint_each_10_s_and_few_devices_at_once_do() {
        let now = Moment::new(Duration::from_secs(60));
        let device = |number: u32| DemuxId::new(16 * number).unwrap();
        let mut hints = HintTimes::default();
        assert!(hints.may_give(device(1), now));
        assert!(!hints.may_give(device(1), now.plus(Duration::from_secs(9))));
        assert!(hints.may_give(device(1), now.plus(INTERVAL)));
        let now = now.plus(INTERVAL);
        let numbers = 2..400;
        let given = numbers.filter(|number| hints.may_give(device(*number), now));
        assert_eq!(given.count(), MAX_DEVICES - 1);
    }
}
