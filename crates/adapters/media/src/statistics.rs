//! The counts of the media server, for metrics. None is of a call, a device or an address.

use std::sync::atomic::{AtomicU64, Ordering};

use anteroom_sfu::{Measurement, SfuCounts};

/// The upper bounds of the buckets of loads, in hundredths.
pub const LOAD_BOUNDS: [u64; 10] = [10, 20, 30, 40, 50, 60, 70, 80, 90, 100];

/// The upper bounds of the buckets of datagrams that are sent at once.
pub const BATCH_BOUNDS: [u64; 8] = [1, 2, 4, 8, 16, 32, 64, 128];

/// The upper bounds of the buckets of losses, in thousandths.
pub(crate) const LOSS_BOUNDS: [u64; 8] = [0, 5, 10, 20, 50, 100, 200, 500];

/// The upper bounds of the buckets of round trips, in microseconds.
pub(crate) const ROUND_TRIP_BOUNDS: [u64; 9] = [
    5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000, 2_000_000,
];

/// The upper bounds of the buckets of estimated bandwidths, in bits a second.
pub(crate) const BANDWIDTH_BOUNDS: [u64; 9] = [
    64_000, 128_000, 256_000, 512_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000, 50_000_000,
];

/// The upper bounds of the buckets of the work for a forwarded packet, in nanoseconds.
pub(crate) const WORK_BOUNDS: [u64; 8] = [
    2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000,
];

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// The counts of a media server since its start.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct MediaCounts {
            $($(#[$doc])* pub $name: u64,)*
        }

        /// The counts that all threads add to.
        #[derive(Debug, Default)]
        struct SharedCounts {
            $($name: AtomicU64,)*
        }

        impl SharedCounts {
            fn add(&self, counts: &MediaCounts) {
                $(if counts.$name > 0 {
                    self.$name.fetch_add(counts.$name, Ordering::Relaxed);
                })*
            }

            fn counts(&self) -> MediaCounts {
                MediaCounts {
                    $($name: self.$name.load(Ordering::Relaxed),)*
                }
            }
        }
    };
}

counts! {
    /// Datagrams that came, over UDP or TCP.
    received_packets,
    /// Their bytes.
    received_bytes,
    /// Datagrams that were sent.
    sent_packets,
    /// Their bytes.
    sent_bytes,
    /// System calls that sent datagrams over UDP.
    sends,
    /// Datagrams from addresses of no connection.
    unknown_packets,
    /// Checks from new addresses beyond the limits.
    limited_checks,
    /// Checks without the right credentials.
    refused_checks,
    /// Datagrams for addresses that are not proven, which were not sent.
    unproven_packets,
    /// Datagrams that the operating system had no room for, or refused.
    unsent_packets,
    /// Datagrams that a slow connection over TCP had no room for.
    behind_packets,
    /// Connections over TCP that were taken.
    tcp_connections,
    /// Connections over TCP that were refused: too many.
    tcp_refused,
    /// Connections over TCP that were closed: nothing valid came in time, or at all.
    tcp_invalid,
    /// Connections of devices that began.
    connections,
    /// Connections of devices that ended.
    ended_connections,
    /// Offers that were refused.
    refused_offers,
    /// Microseconds in which threads did not wait.
    worked_micros,
    /// Calls that ended since a part of the server failed.
    failed_calls,
    /// Packets that were forwarded, one for each slot in which they travel.
    forwarded_packets,
    /// The bytes of their payloads.
    forwarded_bytes,
    /// Packets that were dropped since their sender or the call was over its limit.
    throttled_packets,
    /// Switches of a slot from one layer of a picture to another.
    layer_switches,
    /// Key frames that senders were asked for.
    requested_key_frames,
    /// Key frames that viewers asked for.
    missed_key_frames,
}

impl MediaCounts {
    /// Adds the counts of a call.
    pub(crate) const fn add(&mut self, counts: &SfuCounts) {
        self.forwarded_packets += counts.forwarded_packets;
        self.forwarded_bytes += counts.forwarded_bytes;
        self.throttled_packets += counts.throttled_packets;
        self.layer_switches += counts.layer_switches;
        self.requested_key_frames += counts.requested_key_frames;
        self.missed_key_frames += counts.missed_key_frames;
    }
}

/// A histogram with fixed buckets: of each bound, the number of values up to it and above the one before. The last
/// bucket has the values above all bounds.
#[derive(Debug)]
struct Histogram<const N: usize> {
    bounds: [u64; N],
    buckets: [AtomicU64; N],
    above: AtomicU64,
    sum: AtomicU64,
}

impl<const N: usize> Histogram<N> {
    fn new(bounds: [u64; N]) -> Self {
        Self {
            bounds,
            buckets: core::array::from_fn(|_| AtomicU64::new(0)),
            above: AtomicU64::new(0),
            sum: AtomicU64::new(0),
        }
    }

    fn record(&self, value: u64) {
        let mut buckets = self.bounds.iter().zip(&self.buckets);
        let bucket = buckets.find(|(bound, _)| value <= **bound);
        let bucket = bucket.map_or(&self.above, |(_, bucket)| bucket);
        bucket.fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    fn counts(&self) -> HistogramCounts {
        let buckets = self.bounds.iter().zip(&self.buckets);
        HistogramCounts {
            buckets: buckets
                .map(|(bound, count)| (*bound, count.load(Ordering::Relaxed)))
                .collect(),
            above: self.above.load(Ordering::Relaxed),
            sum: self.sum.load(Ordering::Relaxed),
        }
    }
}

/// The counts of a histogram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistogramCounts {
    /// The upper bounds of the buckets, and the numbers of values in each alone.
    pub buckets: Vec<(u64, u64)>,
    /// The number of values above all bounds.
    pub above: u64,
    /// The sum of all values.
    pub sum: u64,
}

/// The statistics of a media server, which its threads share.
#[derive(Debug)]
pub(crate) struct Statistics {
    counts: SharedCounts,
    loads: Histogram<{ LOAD_BOUNDS.len() }>,
    batches: Histogram<{ BATCH_BOUNDS.len() }>,
    losses: Histogram<{ LOSS_BOUNDS.len() }>,
    round_trips: Histogram<{ ROUND_TRIP_BOUNDS.len() }>,
    bandwidths: Histogram<{ BANDWIDTH_BOUNDS.len() }>,
    work: Histogram<{ WORK_BOUNDS.len() }>,
}

/// The histograms of a media server since its start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaHistograms {
    /// The loads of threads in windows of a second, in hundredths.
    pub loads: HistogramCounts,
    /// The numbers of datagrams that threads sent at once.
    pub batches: HistogramCounts,
    /// The shares of packets that were lost on the way to a device, each of a second, in thousandths.
    pub losses: HistogramCounts,
    /// The times of a way to a device and back, in microseconds.
    pub round_trips: HistogramCounts,
    /// The bits a second that devices estimate they can receive.
    pub bandwidths: HistogramCounts,
    /// The work of threads for a forwarded packet, each of a window of a second, in nanoseconds.
    pub work: HistogramCounts,
}

impl Statistics {
    pub(crate) fn new() -> Self {
        Self {
            counts: SharedCounts::default(),
            loads: Histogram::new(LOAD_BOUNDS),
            batches: Histogram::new(BATCH_BOUNDS),
            losses: Histogram::new(LOSS_BOUNDS),
            round_trips: Histogram::new(ROUND_TRIP_BOUNDS),
            bandwidths: Histogram::new(BANDWIDTH_BOUNDS),
            work: Histogram::new(WORK_BOUNDS),
        }
    }

    pub(crate) fn add(&self, counts: &MediaCounts) {
        self.counts.add(counts);
    }

    /// Records the load of a thread in a window, in hundredths.
    pub(crate) fn record_load(&self, percent: u8) {
        self.loads.record(u64::from(percent));
    }

    /// Records the number of datagrams that a thread sent at once.
    pub(crate) fn record_batch(&self, datagrams: u64) {
        self.batches.record(datagrams);
    }

    /// Records the work of a thread for a forwarded packet in a window, in nanoseconds.
    pub(crate) fn record_work(&self, nanos: u64) {
        self.work.record(nanos);
    }

    /// Records a measurement of a connection.
    pub(crate) fn record(&self, measurement: Measurement) {
        match measurement {
            Measurement::Loss(thousandths) => self.losses.record(u64::from(thousandths)),
            Measurement::RoundTrip(time) => {
                let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
                self.round_trips.record(micros);
            }
            Measurement::Bandwidth(bits) => self.bandwidths.record(bits),
        }
    }

    pub(crate) fn counts(&self) -> MediaCounts {
        self.counts.counts()
    }

    pub(crate) fn histograms(&self) -> MediaHistograms {
        MediaHistograms {
            loads: self.loads.counts(),
            batches: self.batches.counts(),
            losses: self.losses.counts(),
            round_trips: self.round_trips.counts(),
            bandwidths: self.bandwidths.counts(),
            work: self.work.counts(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_in_the_first_bucket_that_holds_them() {
        let statistics = Statistics::new();
        for load in [0, 10, 11, 100] {
            statistics.record_load(load);
        }
        statistics.record_batch(129);
        let MediaHistograms { loads, batches, .. } = statistics.histograms();
        assert_eq!(loads.buckets[..2], [(10, 2), (20, 1)]);
        assert_eq!(
            (loads.buckets[9], loads.above, loads.sum),
            ((100, 1), 0, 121)
        );
        assert_eq!((batches.above, batches.sum), (1, 129));
        let counts = MediaCounts {
            sends: 3,
            ..MediaCounts::default()
        };
        statistics.add(&counts);
        statistics.add(&counts);
        assert_eq!(statistics.counts().sends, 6);
    }
}
