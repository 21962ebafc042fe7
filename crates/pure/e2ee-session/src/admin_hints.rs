//! The record of the hints about links that lack the admin key or name another one.

use core::time::Duration;
use std::collections::BTreeMap;

use anteroom_e2ee::Moment;
use anteroom_protocol::DemuxId;

/// The minimum time between two hints to one device.
const INTERVAL: Duration = Duration::from_secs(10);

/// The maximum number of devices that get a hint within that time.
const MAX_DEVICES: usize = 256;

/// The hints that a device has given, and whether it got one.
#[derive(Clone, Debug, Default)]
pub(crate) struct AdminHints {
    given: BTreeMap<DemuxId, Moment>,
    is_told: bool,
}

impl AdminHints {
    /// Returns whether a device may get a hint now, and takes note of it.
    pub(crate) fn may_give(&mut self, to: DemuxId, now: Moment) -> bool {
        self.given.retain(|_, last| now < last.plus(INTERVAL));
        if self.given.contains_key(&to) || self.given.len() >= MAX_DEVICES {
            return false;
        }
        self.given.insert(to, now);
        true
    }

    /// Returns whether the person has yet to be told that the own link differs, and takes note of it.
    pub(crate) const fn is_untold(&mut self) -> bool {
        !core::mem::replace(&mut self.is_told, true)
    }

    /// Returns whether the person was told that the own link differs.
    pub(crate) const fn is_told(&self) -> bool {
        self.is_told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_gets_a_hint_each_10_s_and_few_devices_at_once_do() {
        let now = Moment::new(Duration::from_secs(60));
        let device = |number: u32| DemuxId::new(16 * number).unwrap();
        let mut hints = AdminHints::default();
        assert!(hints.may_give(device(1), now));
        assert!(!hints.may_give(device(1), now.plus(Duration::from_secs(9))));
        assert!(hints.may_give(device(1), now.plus(INTERVAL)));
        let now = now.plus(INTERVAL);
        let numbers = 2..400;
        let given = numbers.filter(|number| hints.may_give(device(*number), now));
        assert_eq!(given.count(), MAX_DEVICES - 1);
        assert_eq!([hints.is_untold(), hints.is_untold()], [true, false]);
    }
}
