//! The measurements of one server in one row, and what is made of them.

use anteroom_bench_media::messages::WindowCounts;
use serde::Serialize;

use super::{goals, subject::ANTEROOM};
use crate::quantiles::Quantiles;

/// A load in which each viewer receives sound and pictures of all publishers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) publishers: u32,
    pub(super) viewers: u32,
    pub(super) estimation: bool,
    /// The rate, in hundredths of the traffic's.
    pub(super) percent: u32,
}

impl Shape {
    /// Returns the number of packets that are missing: of all that were sent to each viewer, or in the streams
    /// that came.
    pub(super) fn lost(&self, counts: &WindowCounts) -> u64 {
        let expected = counts.sent * u64::from(self.viewers);
        let missing = expected.saturating_sub(counts.received).max(counts.gaps);
        missing.saturating_sub(counts.dropped_by_load)
    }
}

/// A server's part of a row.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Row {
    pub(super) publishers: u32,
    pub(super) viewers: u32,
    pub(super) server: &'static str,
    pub(super) estimation: bool,
    /// The rate, in hundredths of the full traffic.
    pub(super) rate_percent: u32,
    /// The CPU time for a forwarded packet, in microseconds: the median of the windows.
    pub(super) us_per_packet: f64,
    pub(super) us_range: Quantiles,
    /// Janus' CPU time for a packet divided by this server's: the median of the pairs.
    pub(super) ratio: f64,
    /// The CPU time divided by the floor's.
    pub(super) to_floor: f64,
    pub(super) delay_p50_ms: f64,
    pub(super) delay_p99_ms: f64,
    pub(super) bytes_per_participant: u64,
    /// `None`: they are not counted.
    pub(super) allocations_per_packet: Option<f64>,
    pub(super) lost: u64,
    /// Datagrams for which the sockets of the load had no room: no server lost them.
    pub(super) dropped_by_load: u64,
    /// Forwarded packets, and bits of their payloads, in a second of CPU time.
    pub(super) packets_per_core: f64,
    pub(super) bits_per_core: f64,
    /// The largest share of a window in which a thread of the load did not wait.
    pub(super) busiest_load: f64,
}

/// All windows of a server, with the memory before the first connection.
#[derive(Clone, Debug)]
pub(super) struct Windows {
    pub(super) server: &'static str,
    pub(super) counts: Vec<WindowCounts>,
    pub(super) bytes_before: u64,
    pub(super) allocations_per_packet: Option<f64>,
}

impl Windows {
    /// Returns a value of each window.
    fn all(&self, value: impl Fn(&WindowCounts) -> f64) -> Option<Quantiles> {
        Quantiles::of(self.counts.iter().map(value).collect())
    }

    /// Makes the row, beside the windows of Janus in the same pairs.
    pub(super) fn row(&self, shape: &Shape, janus: &Self, floor: f64) -> Option<Row> {
        let micros = self.all(micros)?;
        let pairs = self.counts.iter().zip(&janus.counts);
        let ratios = pairs.map(|(ours, theirs)| self::micros(theirs) / self::micros(ours));
        let participants = u64::from(shape.publishers + shape.viewers).max(1);
        let bytes = self.counts.iter().map(|counts| counts.server_bytes).max()?;
        let per_core = |value: fn(&WindowCounts) -> u64| {
            self.all(|counts| value(counts) as f64 / counts.server_seconds)
                .map(|rates| rates.median)
        };
        Some(Row {
            publishers: shape.publishers,
            viewers: shape.viewers,
            server: self.server,
            estimation: shape.estimation,
            rate_percent: shape.percent,
            us_per_packet: micros.median,
            us_range: micros,
            ratio: Quantiles::of(ratios.collect())?.median,
            to_floor: micros.median / floor,
            delay_p50_ms: self.all(|counts| counts.delay_p50_millis)?.median,
            delay_p99_ms: self.all(|counts| counts.delay_p99_millis)?.median,
            bytes_per_participant: bytes.saturating_sub(self.bytes_before) / participants,
            allocations_per_packet: self.allocations_per_packet,
            lost: self.counts.iter().map(|counts| shape.lost(counts)).sum(),
            dropped_by_load: self
                .counts
                .iter()
                .map(|counts| counts.dropped_by_load)
                .sum(),
            packets_per_core: per_core(|counts| counts.received)?,
            bits_per_core: per_core(|counts| counts.bytes * 8)?,
            busiest_load: self.all(|counts| counts.busiest)?.max,
        })
    }
}

impl Row {
    /// Returns the goals of the row, if it is of the server that has some: each with whether it is reached.
    pub(super) fn verdicts(&self) -> Vec<(String, bool)> {
        if self.server != ANTEROOM {
            return Vec::new();
        }
        let share = 1.0 / self.ratio;
        let most = goals::share_of_janus(self.estimation);
        let mut verdicts = vec![
            (
                format!("{share:.2} of Janus' CPU time, at most {most}"),
                share <= most,
            ),
            (format!("{} lost, none", self.lost), self.lost == 0),
        ];
        if !self.estimation {
            let most = goals::FLOORS;
            verdicts.push((
                format!("{:.1} floors, at most {most}", self.to_floor),
                self.to_floor <= most,
            ));
        }
        if self.publishers >= goals::PUBLISHERS {
            let (bytes, most) = (self.bytes_per_participant, goals::BYTES);
            verdicts.push((
                format!("{bytes} bytes a participant, less than {most}"),
                bytes < most,
            ));
        }
        verdicts
    }
}

/// Returns the CPU time for a forwarded packet.
pub(super) fn micros(counts: &WindowCounts) -> f64 {
    counts.server_seconds * 1e6 / (counts.received.max(1) as f64)
}
