//! The uses of devices: the time and the network address of a use.

use anteroom_protocol::Timestamp;

use crate::{account::Device, address_pseudonym::AddressPseudonym};

/// A use of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceUse {
    /// The time of the use.
    pub at: Timestamp,
    /// The address that the request came from; `None` if it is unknown.
    pub address: Option<AddressPseudonym>,
}

impl DeviceUse {
    /// The minimum interval, in seconds, between writes for a device from the same address.
    pub const INTERVAL: u64 = 5 * 60;
    /// The minimum interval, in seconds, between writes for a device whose address changes.
    pub const INTERVAL_OF_MOVES: u64 = 60;

    /// Returns whether the use is to be written, given the stored state of the device. A
    /// use from before the stored one is not written, unless the stored one is so far ahead
    /// that a wrong clock has written it.
    #[must_use]
    pub fn is_news_for(&self, device: &Device) -> bool {
        if self.at < device.last_seen {
            return self.is_corrected_by_clock(device.last_seen);
        }
        let elapsed = self.at.as_secs().saturating_sub(device.last_seen.as_secs());
        let least = match (self.address, device.last_address) {
            (Some(_), None) => 0,
            (Some(new), Some(known)) if new != known => Self::INTERVAL_OF_MOVES,
            _ => Self::INTERVAL,
        };
        elapsed >= least
    }

    /// Returns whether a stored time is further ahead than requests can overtake each other.
    fn is_corrected_by_clock(&self, stored: Timestamp) -> bool {
        stored > self.at.plus(Self::INTERVAL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DeviceId, DeviceName, PasswordHash};

    #[test]
    fn a_sighting_is_written_every_five_minutes_and_every_minute_while_the_address_changes() {
        let address = |byte| Some(AddressPseudonym::from_bytes([byte; 16]));
        let seen = Timestamp::from_secs(1_000_000);
        let mut device = Device::new(
            DeviceId::PRIMARY,
            DeviceName::parse("x").unwrap(),
            PasswordHash::from_bytes([0; 32]),
            seen,
        );
        for (known, new, elapsed, is_news) in [
            (address(1), address(1), 0, false),
            (address(1), address(1), 299, false),
            (address(1), address(1), 300, true),
            (address(1), address(2), 59, false),
            (address(1), address(2), 60, true),
            (None, address(1), 0, true),
            (address(1), None, 299, false),
            (address(1), None, 300, true),
            (None, None, 299, false),
            (None, None, 300, true),
        ] {
            device.last_address = known;
            let device_use = DeviceUse {
                at: seen.plus(elapsed),
                address: new,
            };
            assert_eq!(device_use.is_news_for(&device), is_news, "{device_use:?}");
            let earlier = DeviceUse {
                at: seen.minus(1),
                address: new,
            };
            assert!(
                !earlier.is_news_for(&device),
                "requests overtake each other"
            );
            let corrected = DeviceUse {
                at: seen.minus(301),
                address: new,
            };
            assert!(corrected.is_news_for(&device), "a clock was ahead");
        }
    }
}
