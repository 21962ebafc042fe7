//! The bandwidth that a receiver has, from what reaches it (REMB).
//!
//! 1. Once a second there is an estimate; the first one is 1 Mbit/s, as the media server takes it to be.
//! 2. A second is **congested** if a tenth of the packets was lost, or if the shortest wait of its frames in the queues
//!    on the way is over 60 ms and 25 ms longer than that of the second before. The estimate is then 85 % of what was
//!    received.
//! 3. Else the estimate rises by 8 %, but not over one and a half times of what was received, and to what was received
//!    at least. It never falls without congestion: a sender who pauses says nothing about the way.
//!
//! The wait of a frame is its delay against the shortest one of the last ten seconds in the same slot.

use core::time::Duration;
use std::{collections::BTreeMap, time::Instant};

use crate::lines::SlotNumber;

/// The first estimate, in bits a second.
const FIRST: u64 = 1_000_000;
/// The lowest estimate: a voice.
const LEAST: u64 = 40_000;
/// The time between two estimates.
const INTERVAL: Duration = Duration::from_secs(1);
/// The time after which the shortest delay is looked for anew.
const MEMORY: Duration = Duration::from_secs(5);
/// The loss that is congestion, in thousandths.
const LOSS: u32 = 100;
/// The wait that is congestion, in microseconds, and its growth.
const WAIT: i64 = 60_000;
const GROWTH: i64 = 25_000;

/// The estimate of a receiver. The module's documentation has the rules.
#[derive(Debug)]
pub(crate) struct BandwidthEstimate {
    start: Instant,
    bits: u64,
    /// The bytes of this second.
    bytes: u64,
    due: Instant,
    loss: u32,
    /// The shortest wait of this second and of the one before, in microseconds.
    wait: Option<i64>,
    wait_before: i64,
    slots: BTreeMap<SlotNumber, ShortestDelay>,
}

/// The shortest delay of a slot in the last ten seconds, in microseconds.
#[derive(Clone, Copy, Debug)]
struct ShortestDelay {
    present: i64,
    former: i64,
    since: Instant,
}

impl BandwidthEstimate {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            start: now,
            bits: FIRST,
            bytes: 0,
            due: now + INTERVAL,
            loss: 0,
            wait: None,
            wait_before: 0,
            slots: BTreeMap::new(),
        }
    }

    /// Takes note of a datagram.
    pub(crate) fn receive(&mut self, bytes: usize) {
        self.bytes += u64::try_from(bytes).unwrap_or_default();
    }

    /// Takes note of the loss of a stream, in thousandths.
    pub(crate) fn lose(&mut self, thousandths: u32) {
        self.loss = self.loss.max(thousandths);
    }

    /// Takes note of a frame: the time at which it is played, and the moment at which it came.
    pub(crate) fn receive_frame(&mut self, slot: SlotNumber, time: Duration, at: Instant) {
        let micros = |time: Duration| i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
        let delay = micros(at.saturating_duration_since(self.start)).saturating_sub(micros(time));
        let shortest = self.slots.entry(slot).or_insert(ShortestDelay {
            present: delay,
            former: delay,
            since: at,
        });
        if at.saturating_duration_since(shortest.since) >= MEMORY {
            *shortest = ShortestDelay {
                present: delay,
                former: shortest.present,
                since: at,
            };
        }
        shortest.present = shortest.present.min(delay);
        let wait = delay.saturating_sub(shortest.present.min(shortest.former));
        self.wait = Some(self.wait.map_or(wait, |other| other.min(wait)));
    }

    /// Returns the moment of the next estimate.
    pub(crate) const fn due(&self) -> Instant {
        self.due
    }

    /// Lets the time pass. Returns the estimate, in bits a second, once a second.
    pub(crate) fn advance(&mut self, now: Instant) -> Option<u64> {
        if now < self.due {
            return None;
        }
        let since = self.due.checked_sub(INTERVAL).unwrap_or(self.due);
        let millis = now.saturating_duration_since(since).as_millis();
        let millis = u64::try_from(millis).unwrap_or(u64::MAX).max(1);
        let rate = core::mem::take(&mut self.bytes).saturating_mul(8_000) / millis;
        let wait = self.wait.take().unwrap_or_default();
        let is_queueing = wait > WAIT && wait - self.wait_before > GROWTH;
        let is_congested = core::mem::take(&mut self.loss) >= LOSS || is_queueing;
        self.wait_before = wait;
        self.bits = if is_congested {
            (rate / 100 * 85).min(self.bits)
        } else {
            let risen = (self.bits / 100 * 108).min(rate / 2 * 3);
            self.bits.max(risen).max(rate)
        };
        self.bits = self.bits.max(LEAST);
        self.due = now + INTERVAL;
        Some(self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOT: SlotNumber = SlotNumber(0);

    /// Lets seconds pass in which so many bits came, with this wait at the end of each.
    fn seconds(estimate: &mut BandwidthEstimate, now: &mut Instant, bits: u64, waits: &[u64]) {
        for wait in waits {
            for _ in 0..10 {
                let time = now.saturating_duration_since(estimate.start);
                let at = *now + Duration::from_millis(*wait);
                estimate.receive_frame(SLOT, time, at);
                estimate.receive(usize::try_from(bits / 80).unwrap());
                *now += INTERVAL / 10;
            }
            estimate.advance(*now).unwrap();
        }
    }

    #[test]
    fn it_rises_with_what_is_received_and_not_without() {
        let mut now = Instant::now();
        let mut estimate = BandwidthEstimate::new(now);
        seconds(&mut estimate, &mut now, 100_000, &[10; 30]);
        assert_eq!(estimate.bits, FIRST);
        seconds(&mut estimate, &mut now, 2_000_000, &[10; 1]);
        assert_eq!(estimate.bits, 2_000_000);
        seconds(&mut estimate, &mut now, 2_000_000, &[10; 30]);
        assert!((2_800_000..=3_000_000).contains(&estimate.bits));
    }

    #[test]
    fn it_falls_under_what_is_received_when_queues_grow() {
        let mut now = Instant::now();
        let mut estimate = BandwidthEstimate::new(now);
        seconds(&mut estimate, &mut now, 300_000, &[10, 10]);
        assert_eq!(estimate.bits, FIRST);
        seconds(&mut estimate, &mut now, 300_000, &[100]);
        assert_eq!(estimate.bits, 255_000);
        // A wait that stays is that of another way.
        seconds(&mut estimate, &mut now, 300_000, &[100]);
        assert_eq!(estimate.bits, 300_000);
    }

    #[test]
    fn it_falls_with_loss_but_never_under_a_voice() {
        let mut now = Instant::now();
        let mut estimate = BandwidthEstimate::new(now);
        for (loss, expected) in [(99, FIRST), (100, 85_000), (1_000, 85_000)] {
            estimate.lose(loss);
            seconds(&mut estimate, &mut now, 100_000, &[10]);
            assert_eq!(estimate.bits, expected, "{loss}");
        }
        estimate.lose(1_000);
        seconds(&mut estimate, &mut now, 800, &[10]);
        assert_eq!(estimate.bits, LEAST);
    }

    #[test]
    fn it_is_given_once_a_second() {
        let now = Instant::now();
        let mut estimate = BandwidthEstimate::new(now);
        let almost = now + INTERVAL.mul_f32(0.99);
        assert_eq!(estimate.advance(almost), None);
        assert_eq!(estimate.due(), now + INTERVAL);
        assert_eq!(estimate.advance(now + INTERVAL), Some(FIRST));
        assert_eq!(estimate.advance(now + INTERVAL), None);
    }
}
