//! The words of media: what a device sends, what it wants to see where, and what it is told. The room service, the
//! media server and the clients share them.

pub mod framing;

use crate::{DemuxId, redacted_debug};

/// A source of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The microphone.
    Audio,
    /// The camera, with up to three layers.
    Camera,
    /// The screen, with one or two layers.
    Screen,
    /// The sound of the screen.
    ScreenAudio,
}

impl Source {
    /// All sources.
    pub const ALL: [Self; 4] = [Self::Audio, Self::Camera, Self::Screen, Self::ScreenAudio];

    /// Returns whether the source is a picture.
    #[must_use]
    pub const fn is_video(self) -> bool {
        matches!(self, Self::Camera | Self::Screen)
    }

    /// Returns the ticks of a second in RTP timestamps: of Opus and of all video codecs.
    #[must_use]
    pub const fn clock_rate(self) -> u64 {
        if self.is_video() { 90_000 } else { 48_000 }
    }
}

/// A value for each source of a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerSource<T> {
    /// That of the microphone.
    pub audio: T,
    /// That of the camera.
    pub camera: T,
    /// That of the screen.
    pub screen: T,
    /// That of the screen's sound.
    pub screen_audio: T,
}

impl<T> PerSource<T> {
    /// Makes a value for each source.
    pub fn from_fn(mut value: impl FnMut(Source) -> T) -> Self {
        Self {
            audio: value(Source::Audio),
            camera: value(Source::Camera),
            screen: value(Source::Screen),
            screen_audio: value(Source::ScreenAudio),
        }
    }

    /// Returns the value of a source.
    #[must_use]
    pub const fn of(&self, source: Source) -> &T {
        match source {
            Source::Audio => &self.audio,
            Source::Camera => &self.camera,
            Source::Screen => &self.screen,
            Source::ScreenAudio => &self.screen_audio,
        }
    }

    /// Returns the value of a source, to change it.
    pub const fn of_mut(&mut self, source: Source) -> &mut T {
        match source {
            Source::Audio => &mut self.audio,
            Source::Camera => &mut self.camera,
            Source::Screen => &mut self.screen,
            Source::ScreenAudio => &mut self.screen_audio,
        }
    }
}

/// The devices that an admin mutes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MuteTarget {
    /// One device.
    One(DemuxId),
    /// All devices but the admin's own and these.
    AllBut(Vec<DemuxId>),
}

/// An order of an admin about a source of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MuteOrder {
    /// Stops the source until the device publishes it anew: not, and then again.
    Mute,
    /// Stops the source likewise, and for as long as it is held.
    Hold,
    /// Ends a hold. The source goes on if the device has published it anew since.
    Release,
}

/// A device's wishes about its slots, which replace its earlier ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ViewRequest {
    /// The wishes, one for a slot.
    pub slots: Vec<SlotWish>,
    /// The devices that take no audio slot.
    pub audio_without: Vec<DemuxId>,
}

/// A device's wish about one slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotWish {
    /// The name of the slot's m-line.
    pub mid: String,
    /// The device to be shown.
    pub subject: Subject,
    /// The source: of pictures in video slots, the screen's sound in audio slots.
    pub source: Source,
    /// The height in pixels. Of pictures only.
    pub height: u16,
}

/// The device of a wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// This one.
    Device(DemuxId),
    /// The one of this rank among the speakers without the viewer, from 0.
    Speaker(usize),
}

/// The state of a slot that is not empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotReport {
    /// The name of the slot's m-line.
    pub mid: String,
    /// The device that is shown.
    pub device: DemuxId,
    /// The source.
    pub source: Source,
    /// The reason why nothing travels. `None`: it travels, or will with the next key frame.
    pub pause: Option<Pause>,
    /// The height of the picture that travels.
    pub height: Option<u16>,
}

/// The reason why nothing travels in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// Not even the smallest layer fits into the viewer's bandwidth.
    Bandwidth,
    /// The device does not send the source, or an admin has stopped it.
    Muted,
    /// The viewer cannot decode it.
    Codec,
    /// The device is not in the call, or not connected.
    Gone,
}

/// The sources and layers of one device that somebody sees or hears: the others need not be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The number of layers of the camera, the smallest first: 0 to 3.
    pub camera_layers: u8,
    /// The screen.
    pub screen: bool,
    /// The sound of the screen.
    pub screen_audio: bool,
    /// The microphone.
    pub audio: bool,
}

impl Wanted {
    /// Everything.
    pub const ALL: Self = Self {
        camera_layers: 3,
        screen: true,
        screen_audio: true,
        audio: true,
    };
}

/// The text of an offer or an answer (SDP). It has the credentials of the connection, so `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionDescription(String);

redacted_debug!(SessionDescription);

impl SessionDescription {
    /// Wraps the text.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the text, for the other end.
    #[must_use]
    pub fn into_text(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_source_has_a_value_of_its_own() {
        let mut values = PerSource::from_fn(|source| source);
        for source in Source::ALL {
            assert_eq!(*values.of(source), source);
            assert_eq!(*values.of_mut(source), source);
        }
    }

    #[test]
    fn nothing_of_a_session_description_is_in_debug() {
        let offer = SessionDescription::new("a=ice-pwd:secret".to_owned());
        assert!(!format!("{offer:?}").contains("secret"));
    }
}
