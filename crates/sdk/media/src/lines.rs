//! The m-lines of the one offer: the sources, and the slots.
//!
//! The media server tells the sources by their order (`docs/protocol.md`): of the lines on which a device sends, the
//! first one for sound is the microphone and the second one the screen's sound, the first one for pictures the camera
//! and the second one the screen.

use anteroom_protocol::media::Source;
use str0m::{
    change::SdpApi,
    media::{Direction, MediaKind, Mid, Simulcast, SimulcastLayer},
};

use crate::layer::Layer;

/// The maximum number of slots for pictures.
pub const MAX_VIDEO_SLOTS: u8 = 49;

/// The maximum number of slots for sound.
pub const MAX_AUDIO_SLOTS: u8 = 8;

/// The number of slots of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotCounts {
    /// Slots for sound: 3 for voices and one for the sound of a screen, unless set otherwise; at most
    /// [`MAX_AUDIO_SLOTS`].
    pub audio: u8,
    /// Slots for pictures: 25, unless set otherwise; at most [`MAX_VIDEO_SLOTS`].
    pub video: u8,
}

impl Default for SlotCounts {
    fn default() -> Self {
        Self {
            audio: 4,
            video: 25,
        }
    }
}

/// The number of a slot of the device, from 0: first those for sound, then those for pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotNumber(pub usize);

/// The kind of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotKind {
    /// For sound.
    Audio,
    /// For pictures.
    Video,
}

impl SlotKind {
    /// Returns whether frames of a source can come in such a slot.
    #[must_use]
    pub const fn fits(self, source: Source) -> bool {
        matches!(self, Self::Video) == source.is_video()
    }
}

/// The m-lines of an offer.
#[derive(Clone, Debug)]
pub(crate) struct Lines {
    sources: [(Source, Mid); 4],
    slots: Vec<(SlotKind, Mid)>,
}

impl Lines {
    /// Adds the lines to an offer.
    pub(crate) fn add(api: &mut SdpApi<'_>, counts: SlotCounts) -> Self {
        let mut layers = Simulcast::new();
        for layer in Layer::ALL {
            layers.add_send_layer(SimulcastLayer::new(layer.name()));
        }
        let mut layers = Some(layers);
        let sources = [
            Source::Audio,
            Source::ScreenAudio,
            Source::Camera,
            Source::Screen,
        ];
        let sources = sources.map(|source| {
            let (kind, layers) = match source {
                Source::Audio | Source::ScreenAudio => (MediaKind::Audio, None),
                Source::Camera => (MediaKind::Video, layers.take()),
                Source::Screen => (MediaKind::Video, None),
            };
            let mid = api.add_media(kind, Direction::SendOnly, None, None, layers);
            (source, mid)
        });
        let audio = usize::from(counts.audio.min(MAX_AUDIO_SLOTS));
        let video = usize::from(counts.video.min(MAX_VIDEO_SLOTS));
        let kinds = std::iter::repeat_n(SlotKind::Audio, audio);
        let kinds = kinds.chain(std::iter::repeat_n(SlotKind::Video, video));
        let slots = kinds.map(|slot| {
            let kind = match slot {
                SlotKind::Audio => MediaKind::Audio,
                SlotKind::Video => MediaKind::Video,
            };
            let mid = api.add_media(kind, Direction::RecvOnly, None, None, None);
            (slot, mid)
        });
        let slots = slots.collect();
        Self { sources, slots }
    }

    pub(crate) fn mid_of_source(&self, source: Source) -> Option<Mid> {
        let mut sources = self.sources.iter();
        let found = sources.find(|(other, _)| *other == source);
        found.map(|(_, mid)| *mid)
    }

    pub(crate) fn source(&self, mid: Mid) -> Option<Source> {
        let mut sources = self.sources.iter();
        let found = sources.find(|(_, other)| *other == mid);
        found.map(|(source, _)| *source)
    }

    pub(crate) fn mid_of_slot(&self, slot: SlotNumber) -> Option<Mid> {
        self.slots.get(slot.0).map(|(_, mid)| *mid)
    }

    pub(crate) fn slot(&self, mid: Mid) -> Option<(SlotNumber, SlotKind)> {
        let place = self.slots.iter().position(|(_, other)| *other == mid)?;
        let (kind, _) = self.slots.get(place)?;
        Some((SlotNumber(place), *kind))
    }

    /// Returns the kinds and the names of the slots.
    pub(crate) fn slots(&self) -> Vec<(SlotKind, String)> {
        let slots = self.slots.iter();
        slots.map(|(kind, mid)| (*kind, mid.to_string())).collect()
    }

    /// Returns the slots for pictures.
    pub(crate) fn video_mids(&self) -> impl Iterator<Item = Mid> + '_ {
        let slots = self.slots.iter();
        slots
            .filter(|(kind, _)| *kind == SlotKind::Video)
            .map(|(_, mid)| *mid)
    }
}
