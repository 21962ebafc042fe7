//! The counts of a call's media, and what its connections measure. None names a device.

use core::time::Duration;

/// The number of measurements that wait at most: more of them come of a device that floods, and are left out.
const MAX_WAITING: usize = 256;

/// The counts since they were taken last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SfuCounts {
    /// Packets that were forwarded, one for each slot in which they travel.
    pub forwarded_packets: u64,
    /// The bytes of their payloads.
    pub forwarded_bytes: u64,
    /// Packets that were dropped since their sender or the call was over its limit.
    pub throttled_packets: u64,
    /// Switches of a slot from one layer of a picture to another.
    pub layer_switches: u64,
    /// Key frames that senders were asked for.
    pub requested_key_frames: u64,
    /// Key frames that viewers asked for.
    pub missed_key_frames: u64,
}

impl SfuCounts {
    /// Returns the counts, and begins anew.
    pub(crate) const fn take(&mut self) -> Self {
        core::mem::replace(
            self,
            Self {
                forwarded_packets: 0,
                forwarded_bytes: 0,
                throttled_packets: 0,
                layer_switches: 0,
                requested_key_frames: 0,
                missed_key_frames: 0,
            },
        )
    }
}

/// A measurement of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measurement {
    /// The share of the packets to a device that were lost within a second, in thousandths.
    Loss(u32),
    /// The time of a way to a device and back.
    RoundTrip(Duration),
    /// The bits a second that a device estimates it can receive.
    Bandwidth(u64),
}

/// The measurements that wait for their reader.
#[derive(Debug, Default)]
pub(crate) struct Measurements(Vec<Measurement>);

impl Measurements {
    pub(crate) fn push(&mut self, measurement: Measurement) {
        if self.0.len() < MAX_WAITING {
            self.0.push(measurement);
        }
    }

    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Measurement> + '_ {
        self.0.drain(..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_measurements_wait() {
        let mut measurements = Measurements::default();
        for bits in 0..10_000 {
            measurements.push(Measurement::Bandwidth(bits));
        }
        let first = (0..256).map(Measurement::Bandwidth);
        assert!(measurements.drain().eq(first));
        assert_eq!(measurements.drain().count(), 0);
    }
}
