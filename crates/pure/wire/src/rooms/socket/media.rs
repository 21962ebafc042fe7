//! The parts of messages about media, in both directions.

use std::borrow::Cow;

use anteroom_protocol::media::{PerSource, Source, Wanted};
use serde::{Deserialize, Serialize};

/// A value for each source of a device. It has no other members than these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SourcesBody {
    /// The microphone.
    pub audio: bool,
    /// The camera.
    pub camera: bool,
    /// The screen.
    pub screen: bool,
    /// The sound of the screen.
    pub screen_audio: bool,
}

impl From<PerSource<bool>> for SourcesBody {
    fn from(sources: PerSource<bool>) -> Self {
        Self {
            audio: sources.audio,
            camera: sources.camera,
            screen: sources.screen,
            screen_audio: sources.screen_audio,
        }
    }
}

impl From<SourcesBody> for PerSource<bool> {
    fn from(body: SourcesBody) -> Self {
        Self {
            audio: body.audio,
            camera: body.camera,
            screen: body.screen,
            screen_audio: body.screen_audio,
        }
    }
}

/// The name of a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SourceName {
    /// The microphone.
    #[default]
    Audio,
    /// The camera.
    Camera,
    /// The screen.
    Screen,
    /// The sound of the screen.
    ScreenAudio,
}

impl SourceName {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the library asks so")]
    pub(super) fn is_audio(&self) -> bool {
        *self == Self::Audio
    }
}

impl From<Source> for SourceName {
    fn from(source: Source) -> Self {
        match source {
            Source::Audio => Self::Audio,
            Source::Camera => Self::Camera,
            Source::Screen => Self::Screen,
            Source::ScreenAudio => Self::ScreenAudio,
        }
    }
}

impl From<SourceName> for Source {
    fn from(name: SourceName) -> Self {
        match name {
            SourceName::Audio => Self::Audio,
            SourceName::Camera => Self::Camera,
            SourceName::Screen => Self::Screen,
            SourceName::ScreenAudio => Self::ScreenAudio,
        }
    }
}

/// A device's wish about one slot: the source of one device, or of a speaker. It has no other members than these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SlotWishBody {
    /// The name of the slot's m-line.
    pub mid: String,
    /// The device. Not beside `speaker`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub demux_id: Option<u32>,
    /// The rank among the speakers without oneself, from 0. Not beside `demuxId`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speaker: Option<u32>,
    /// The source: pictures in video slots, the screen's sound in audio slots.
    pub source: SourceName,
    /// The height in pixels at which it is shown. Of pictures only.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub height: u16,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the library asks so")]
const fn is_zero(height: &u16) -> bool {
    *height == 0
}

/// The state of a slot that is not empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SlotBody<'a> {
    /// The name of the slot's m-line.
    pub mid: Cow<'a, str>,
    /// The device that is shown.
    pub demux_id: u32,
    /// The source.
    pub source: SourceName,
    /// `bandwidth`, `muted`, `codec` or `gone`: the reason why nothing travels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<Cow<'a, str>>,
    /// The height of the picture that travels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u16>,
}

/// The layers of the camera that somebody sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayersBody {
    /// The number of layers, the smallest first: 0 to 3.
    pub layers: u8,
}

/// The sources and layers that somebody sees or hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WantedBody {
    /// The camera.
    pub camera: LayersBody,
    /// The screen.
    pub screen: bool,
    /// The sound of the screen.
    pub screen_audio: bool,
    /// The microphone.
    pub audio: bool,
}

impl From<Wanted> for WantedBody {
    fn from(wanted: Wanted) -> Self {
        Self {
            camera: LayersBody {
                layers: wanted.camera_layers,
            },
            screen: wanted.screen,
            screen_audio: wanted.screen_audio,
            audio: wanted.audio,
        }
    }
}

impl From<WantedBody> for Wanted {
    fn from(body: WantedBody) -> Self {
        Self {
            camera_layers: body.camera.layers,
            screen: body.screen,
            screen_audio: body.screen_audio,
            audio: body.audio,
        }
    }
}

/// The media that a call has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MediaConfigBody<'a> {
    /// The number of audio slots that a device should offer.
    pub audio_slots: u32,
    /// The maximum number of video slots that a device may offer.
    pub video_slots: u32,
    /// The maximum bits a second of a device's camera.
    pub max_bitrate: u64,
    /// The codecs that a device may send.
    pub codecs: Vec<Cow<'a, str>>,
}
