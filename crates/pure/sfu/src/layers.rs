//! The layers of one source: whether each is sent, its height and its measured bitrate, and which one suits a
//! height.
//!
//! 1. The height of a layer is what its last key frame says. Before that it is taken to be 180, 360 and 720
//!    lines, of the screen 540 and 1,080.
//! 2. The bitrate is measured in a window of two seconds. Before a layer has been sent for half a second it is
//!    what was measured last, and before that what pictures of its height usually need.
//! 3. A layer is live if a packet of it came within the last second.
//! 4. The layer that suits a height is the smallest with at least nine tenths of it, else the largest.

use core::time::Duration;

use crate::{
    source::{Layer, PerLayer, Source},
    time::Moment,
};

/// The time without a packet after which a layer counts as not sent.
pub const LIVE: Duration = Duration::from_secs(1);

/// The time for which a layer is measured before its bitrate counts.
const FIRST_MEASUREMENT: Duration = Duration::from_millis(500);

/// The layers of one source. The module's documentation has the rules.
#[derive(Clone, Debug)]
pub struct Layers {
    layers: PerLayer<LayerState>,
    /// The number of layers that the sender has negotiated.
    count: u8,
}

#[derive(Clone, Copy, Debug, Default)]
struct LayerState {
    height: Option<u16>,
    usual_height: u16,
    rate: RateWindow,
}

impl Layers {
    /// Creates the layers of a source, of which the sender has negotiated the first `count`, at least one.
    #[must_use]
    pub fn new(source: Source, count: u8) -> Self {
        let layers = PerLayer::from_fn(|layer| LayerState {
            usual_height: usual_height(source, layer),
            ..LayerState::default()
        });
        let count = count.clamp(1, Layer::High.count());
        Self { layers, count }
    }

    /// Returns the negotiated layers, the smallest first.
    pub fn negotiated(&self) -> impl Iterator<Item = Layer> + use<> {
        let count = self.count;
        Layer::ALL
            .into_iter()
            .filter(move |layer| layer.count() <= count)
    }

    /// Counts a packet of `bytes`.
    pub fn record(&mut self, layer: Layer, bytes: usize, now: Moment) {
        self.layers.of_mut(layer).rate.record(bytes, now);
    }

    /// Notes the height that a key frame of the layer has.
    pub fn set_height(&mut self, layer: Layer, height: u16) {
        if height > 0 {
            self.layers.of_mut(layer).height = Some(height);
        }
    }

    /// Returns the height of a layer.
    #[must_use]
    pub fn height(&self, layer: Layer) -> u16 {
        let state = self.layers.of(layer);
        state.height.unwrap_or(state.usual_height)
    }

    /// Returns whether a layer is sent.
    #[must_use]
    pub fn is_live(&self, layer: Layer, now: Moment) -> bool {
        let last = self.layers.of(layer).rate.last;
        last.is_some_and(|last| now.since(last) < LIVE)
    }

    /// Returns the bitrate of a layer: as it is measured, else as it was, else what its height usually needs.
    #[must_use]
    pub fn bitrate(&self, layer: Layer, now: Moment) -> u64 {
        let rate = self.layers.of(layer).rate;
        let measured = rate.bits_per_second(now).or(rate.known);
        measured.unwrap_or_else(|| usual_bitrate(self.height(layer)))
    }

    /// Returns the layer that suits a height in pixels.
    #[must_use]
    pub fn suiting(&self, height: u16) -> Layer {
        let is_enough =
            |layer: &Layer| u32::from(self.height(*layer)) * 10 >= u32::from(height) * 9;
        let mut enough = self.negotiated().filter(is_enough);
        let smallest = enough.next();
        smallest
            .or_else(|| self.negotiated().last())
            .unwrap_or(Layer::Low)
    }
}

/// Returns the height that a layer is taken to have.
const fn usual_height(source: Source, layer: Layer) -> u16 {
    match (source, layer) {
        (Source::Screen, Layer::Low) => 540,
        (Source::Screen, _) => 1_080,
        (_, Layer::Low) => 180,
        (_, Layer::Middle) => 360,
        (_, Layer::High) => 720,
    }
}

/// Returns the bits a second that pictures of a height usually need.
#[must_use]
pub const fn usual_bitrate(height: u16) -> u64 {
    match height {
        0..=200 => 150_000,
        201..=400 => 500_000,
        401..=600 => 900_000,
        601..=800 => 1_500_000,
        _ => 2_500_000,
    }
}

/// The number of parts of the window of a bitrate.
const PARTS: usize = 8;

/// The length of a part of the window, in microseconds.
const PART: u64 = 250_000;

/// The bytes of the last two seconds, in parts.
#[derive(Clone, Copy, Debug, Default)]
struct RateWindow {
    bytes: [u64; PARTS],
    /// The number of the newest part since the start of time.
    newest: u64,
    /// The moment since which packets have come without a gap of the window's length.
    since: Moment,
    /// The moment of the last packet.
    last: Option<Moment>,
    /// The bitrate as it was measured at the begin of the newest part, or earlier.
    known: Option<u64>,
}

impl RateWindow {
    fn record(&mut self, bytes: usize, now: Moment) {
        let part = now.as_micros() / PART;
        let skipped = part.saturating_sub(self.newest);
        let is_first = self.last.is_none_or(|last| now.since(last) >= LIVE);
        if is_first {
            self.bytes = [0; PARTS];
            self.since = now;
        }
        for number in 0..skipped.min(PARTS as u64) {
            if let Some(bytes) = self.bytes.get_mut(place(part - number)) {
                *bytes = 0;
            }
        }
        self.newest = self.newest.max(part);
        if let Some(sum) = self.bytes.get_mut(place(part)) {
            *sum += bytes as u64;
        }
        self.last = Some(now);
        if skipped > 0 {
            self.known = self.bits_per_second(now).or(self.known);
        }
    }

    /// Returns the measured bitrate, if there is a measurement.
    fn bits_per_second(&self, now: Moment) -> Option<u64> {
        let last = self.last?;
        let measured = now.since(self.since);
        if now.since(last) >= LIVE || measured < FIRST_MEASUREMENT {
            return None;
        }
        let now_part = now.as_micros() / PART;
        let oldest = now_part.saturating_sub(PARTS as u64 - 1);
        let in_window = (oldest..=self.newest).filter_map(|part| self.bytes.get(place(part)));
        let bytes: u64 = in_window.sum();
        let begin = Moment::from_micros(oldest * PART).max(self.since);
        let micros = now.since(begin).as_micros().max(1);
        u64::try_from(u128::from(bytes) * 8_000_000 / micros).ok()
    }
}

/// Returns the place of a part in the window.
fn place(part: u64) -> usize {
    usize::try_from(part % PARTS as u64).unwrap_or_default()
}
