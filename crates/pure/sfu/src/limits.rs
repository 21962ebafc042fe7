//! The limits of media: of each source of a sender, of the call, and of the requests of a device.
//!
//! 1. A source may use its bitrate and its packets a second, with bursts of a second. A packet beyond that is
//!    dropped: the sender is throttled.
//! 2. A source of which a tenth of the packets was throttled in each of ten seconds in a row is dropped, with
//!    the reason.
//! 3. Pictures beyond the sum of the call are dropped. Sound counts, and always passes.

use core::time::Duration;

use crate::{
    source::{PerSource, Source},
    time::Moment,
    token_bucket::TokenBucket,
};

/// The length of a period in which a source is throttled or not.
const PERIOD: Duration = Duration::from_secs(1);

/// The number of throttled periods in a row after which a source is dropped.
const MAX_THROTTLED: u8 = 10;

/// The bitrate and packet rate of one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceLimit {
    /// Bits a second.
    pub bits: u64,
    /// Packets a second.
    pub packets: u64,
}

/// The limits of a call's media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaLimits {
    /// Those of each source of a sender, all layers together.
    pub sources: PerSource<SourceLimit>,
    /// The bits a second of all senders together.
    pub call_bits: u64,
}

impl Default for MediaLimits {
    /// 3 Mbit/s of camera, 4 of screen, 128 kbit/s of each sound, and 300 Mbit/s for the call.
    fn default() -> Self {
        let audio = SourceLimit {
            bits: 128_000,
            packets: 200,
        };
        Self {
            sources: PerSource {
                audio,
                camera: SourceLimit {
                    bits: 3_000_000,
                    packets: 1_000,
                },
                screen: SourceLimit {
                    bits: 4_000_000,
                    packets: 1_000,
                },
                screen_audio: audio,
            },
            call_bits: 300_000_000,
        }
    }
}

/// The verdict about a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is within the limit.
    Pass,
    /// It is beyond the limit and is dropped.
    Throttle,
    /// The source has been beyond its limit for too long: its packets are dropped until it begins anew. Said
    /// once; the packets after that are throttled.
    Drop,
}

/// The use that one source makes of its limit.
#[derive(Clone, Copy, Debug)]
pub struct SourceMeter {
    bits: TokenBucket,
    packets: TokenBucket,
    /// The begin of the present period.
    period: Moment,
    /// The packets of the present period, and those of them that were throttled.
    packets_in_period: u32,
    throttled_in_period: u32,
    /// The number of throttled periods in a row before this one.
    throttled: u8,
    is_dropped: bool,
}

impl SourceMeter {
    /// Creates the meter of a source that begins.
    #[must_use]
    pub const fn new(limit: SourceLimit) -> Self {
        Self {
            bits: TokenBucket::new(limit.bits, limit.bits),
            packets: TokenBucket::new(limit.packets, limit.packets),
            period: Moment::from_micros(0),
            packets_in_period: 0,
            throttled_in_period: 0,
            throttled: 0,
            is_dropped: false,
        }
    }

    /// Counts a packet of `bytes`.
    pub fn count(&mut self, bytes: usize, now: Moment) -> Verdict {
        if self.is_dropped {
            return Verdict::Throttle;
        }
        self.end_period(now);
        if self.throttled >= MAX_THROTTLED {
            self.is_dropped = true;
            return Verdict::Drop;
        }
        self.packets_in_period = self.packets_in_period.saturating_add(1);
        let bits = bits_of(bytes);
        if self.bits.holds(bits, now) && self.packets.holds(1, now) {
            self.bits.take(bits, now);
            self.packets.take(1, now);
            return Verdict::Pass;
        }
        self.throttled_in_period = self.throttled_in_period.saturating_add(1);
        Verdict::Throttle
    }

    fn end_period(&mut self, now: Moment) {
        let passed = now.since(self.period);
        if passed < PERIOD {
            return;
        }
        // A period without any packet was not throttled.
        let is_throttled = self.throttled_in_period > self.packets_in_period / 10;
        let goes_on = is_throttled && passed < PERIOD * 2;
        self.throttled = if goes_on { self.throttled + 1 } else { 0 };
        self.packets_in_period = 0;
        self.throttled_in_period = 0;
        self.period = now;
    }
}

/// The use that all senders make of the limit of the call.
#[derive(Clone, Copy, Debug)]
pub struct CallMeter(TokenBucket);

impl CallMeter {
    /// Creates the meter of a call.
    #[must_use]
    pub const fn new(limits: &MediaLimits) -> Self {
        Self(TokenBucket::new(limits.call_bits, limits.call_bits))
    }

    /// Counts a packet of `bytes`. Returns whether it passes.
    pub fn count(&mut self, source: Source, bytes: usize, now: Moment) -> bool {
        let bits = bits_of(bytes);
        if source.is_video() {
            return self.0.try_take(bits, now);
        }
        self.0.take(bits, now);
        true
    }
}

fn bits_of(bytes: usize) -> u64 {
    (bytes as u64).saturating_mul(8)
}

/// The limits of the requests of one device: one offer in five seconds, ten views and two changes of what it
/// publishes a second.
///
/// The caller has the same rates and passes fewer at once. A request that it passes may wait for the thread of the
/// media for longer than the one before it. It must not be beyond this limit then: nobody would say again what is
/// lost. Publications may wait for long, since none replaces another: five of a device wait at most, and they arrive
/// together with those of the caller's burst.
#[derive(Clone, Copy, Debug)]
pub struct RequestMeters {
    /// Fifths of offers, so that one token is added in a second.
    offers: TokenBucket,
    views: TokenBucket,
    publications: TokenBucket,
}

/// The tokens of an offer.
const OFFER: u64 = 5;

impl Default for RequestMeters {
    fn default() -> Self {
        Self {
            offers: TokenBucket::new(6 * OFFER, 1),
            views: TokenBucket::new(20, 10),
            publications: TokenBucket::new(8, 2),
        }
    }
}

impl RequestMeters {
    /// Counts an offer. Returns whether it is within the limit.
    pub fn offer(&mut self, now: Moment) -> bool {
        self.offers.try_take(OFFER, now)
    }

    /// Counts a view. Returns whether it is within the limit.
    pub fn view(&mut self, now: Moment) -> bool {
        self.views.try_take(1, now)
    }

    /// Counts a change of what the device publishes. Returns whether it is within the limit.
    pub fn publication(&mut self, now: Moment) -> bool {
        self.publications.try_take(1, now)
    }
}
