//! The metrics of the media server.

use std::{fmt, sync::Arc};

use anteroom_media::{HistogramCounts, MediaCounts, MediaHistograms, MediaServer};
use anteroom_runtime::{HistogramSample, MetricSample, MetricSource, MetricValue};

/// The counts of a media server, as metrics.
pub(super) struct MediaMetrics(Arc<MediaServer>);

impl MediaMetrics {
    pub(super) const fn new(server: Arc<MediaServer>) -> Self {
        Self(server)
    }
}

impl fmt::Debug for MediaMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MediaMetrics").finish_non_exhaustive()
    }
}

impl MetricSource for MediaMetrics {
    fn samples(&self) -> Vec<MetricSample> {
        let counts = self.0.counts();
        let mut samples = counted(&counts);
        samples.push(sample(
            "media_calls",
            "Calls with sound and picture",
            MetricValue::Gauge(self.0.open_calls() as u64),
        ));
        let ended = counts.ended_connections;
        samples.push(sample(
            "media_participants",
            "Devices with a connection for sound and picture",
            MetricValue::Gauge(counts.connections.saturating_sub(ended)),
        ));
        samples.extend(measured(&self.0.histograms()));
        samples
    }
}

const fn sample(name: &'static str, help: &'static str, value: MetricValue) -> MetricSample {
    MetricSample { name, help, value }
}

fn counted(counts: &MediaCounts) -> Vec<MetricSample> {
    let one = |name, help, count| sample(name, help, MetricValue::Count(count));
    let of_kind = |name, help, label, words| sample(name, help, MetricValue::Counts(label, words));
    vec![
        one(
            "media_received_packets",
            "Datagrams that came for media, over UDP or TCP",
            counts.received_packets,
        ),
        one(
            "media_received_bytes",
            "Bytes that came for media",
            counts.received_bytes,
        ),
        one(
            "media_sent_packets",
            "Datagrams that were sent for media",
            counts.sent_packets,
        ),
        one(
            "media_sent_bytes",
            "Bytes that were sent for media",
            counts.sent_bytes,
        ),
        one(
            "media_sends",
            "System calls that sent datagrams over UDP",
            counts.sends,
        ),
        one(
            "media_forwarded_packets",
            "Packets of sound and picture that were forwarded, one for each receiver",
            counts.forwarded_packets,
        ),
        one(
            "media_forwarded_bytes",
            "Bytes of sound and picture that were forwarded",
            counts.forwarded_bytes,
        ),
        of_kind(
            "media_dropped_packets",
            "Packets that were dropped, by reason",
            "reason",
            vec![
                ("behind", counts.behind_packets),
                ("limit", counts.throttled_packets),
                ("unknown", counts.unknown_packets),
                ("unproven", counts.unproven_packets),
                ("unsent", counts.unsent_packets),
            ],
        ),
        of_kind(
            "media_refused_checks",
            "Checks of paths that were not answered, by reason",
            "reason",
            vec![
                ("credentials", counts.refused_checks),
                ("limit", counts.limited_checks),
            ],
        ),
        of_kind(
            "media_tcp_connections",
            "Connections over TCP, by outcome",
            "outcome",
            vec![
                ("invalid", counts.tcp_invalid),
                ("refused", counts.tcp_refused),
                ("taken", counts.tcp_connections),
            ],
        ),
        one(
            "media_connections",
            "Connections of devices that began",
            counts.connections,
        ),
        one(
            "media_refused_offers",
            "Offers of connections that were refused",
            counts.refused_offers,
        ),
        one(
            "media_failed_calls",
            "Calls whose media ended since a part of the media server failed",
            counts.failed_calls,
        ),
        one(
            "media_layer_switches",
            "Switches of what a device receives from one layer of a picture to another",
            counts.layer_switches,
        ),
        of_kind(
            "media_key_frame_requests",
            "Requests for key frames (PLI), by direction",
            "direction",
            vec![
                ("received", counts.missed_key_frames),
                ("sent", counts.requested_key_frames),
            ],
        ),
        sample(
            "media_worked_seconds",
            "Time in which the threads of media did not wait",
            MetricValue::Seconds(scaled(counts.worked_micros, 1e-6)),
        ),
    ]
}

fn measured(histograms: &MediaHistograms) -> Vec<MetricSample> {
    let MediaHistograms {
        loads,
        batches,
        losses,
        round_trips,
        bandwidths,
        work,
    } = histograms;
    let one = |name, help, counts: &HistogramCounts, unit: f64| {
        let value = MetricValue::Histogram(histogram(counts, unit));
        sample(name, help, value)
    };
    vec![
        one(
            "media_thread_load_ratio",
            "Share of a second in which a thread of media did not wait",
            loads,
            1e-2,
        ),
        one(
            "media_batch_packets",
            "Datagrams that a thread of media sent at once",
            batches,
            1.0,
        ),
        one(
            "media_packet_loss_ratio",
            "Share of the packets to a device that were lost, of each second",
            losses,
            1e-3,
        ),
        one(
            "media_round_trip_seconds",
            "Time of a way to a device and back",
            round_trips,
            1e-6,
        ),
        one(
            "media_estimated_bits_per_second",
            "Bandwidth that a device estimates it can receive with",
            bandwidths,
            1.0,
        ),
        one(
            "media_packet_work_seconds",
            "Time that a thread worked for each forwarded packet, of each second",
            work,
            1e-9,
        ),
    ]
}

fn histogram(counts: &HistogramCounts, unit: f64) -> HistogramSample {
    let buckets = counts.buckets.iter();
    let buckets = buckets.map(|(bound, count)| (scaled(*bound, unit), *count));
    HistogramSample {
        buckets: buckets.collect(),
        above: counts.above,
        sum: scaled(counts.sum, unit),
    }
}

/// Returns a number of small units in the unit of the metric.
#[expect(
    clippy::cast_precision_loss,
    reason = "metrics are numbers of 53 bits, and their readers know it"
)]
fn scaled(value: u64, unit: f64) -> f64 {
    value as f64 * unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histograms_are_in_the_unit_of_their_metric() {
        let counts = HistogramCounts {
            buckets: vec![(20, 3), (500, 1)],
            above: 2,
            sum: 1_500,
        };
        let shown = histogram(&counts, 1e-3);
        let expected = HistogramSample {
            buckets: vec![(0.02, 3), (0.5, 1)],
            above: 2,
            sum: 1.5,
        };
        assert_eq!(shown, expected);
    }
}
