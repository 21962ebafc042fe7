//! The requests of a test.

use core::time::Duration;

use anteroom_sfu::source::Source;
use anteroom_testkit::LinkShape;
use serde::Deserialize;

/// A line with a request.
#[derive(Deserialize)]
pub(crate) struct Line {
    /// The number by which the test knows the answer.
    pub(crate) id: u64,
    #[serde(flatten)]
    pub(crate) request: Request,
}

/// A request. Devices are demux ids.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum Request {
    /// Lets a device become active.
    Join { device: u32, path: PathKind },
    /// Passes an offer on. The answer is that of the server, for the path of the device.
    Offer {
        device: u32,
        session: u64,
        offer: String,
    },
    /// Says what a device wants to see.
    View { device: u32, slots: Vec<SlotLine> },
    /// Says what a device sends.
    Publish {
        device: u32,
        sources: Vec<SourceName>,
    },
    /// Shapes the path of a device.
    Shape {
        device: u32,
        upload: Option<ShapeLine>,
        download: Option<ShapeLine>,
    },
    /// Asks for the losses of the path of a device.
    Losses { device: u32 },
    /// Lets a device leave.
    Leave { device: u32 },
    /// Makes a group of devices, and returns the frame keys of each. The time is in seconds since 1970.
    Group { devices: Vec<u32>, now: u64 },
}

/// The path of a device's packets.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum PathKind {
    /// Straight to the server.
    Direct,
    /// Through a path that the test shapes, without TCP.
    Proxy,
    /// Over TCP: UDP packets vanish.
    Tcp,
}

/// A wish about a slot.
#[derive(Deserialize)]
pub(crate) struct SlotLine {
    pub(crate) mid: String,
    pub(crate) device: u32,
    pub(crate) source: SourceName,
    pub(crate) height: u16,
}

/// The shape of one way of a path.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ShapeLine {
    bits_per_second: Option<u64>,
    #[serde(default)]
    delay_ms: u64,
    /// The share of lost datagrams, in thousandths.
    #[serde(default)]
    loss: u32,
}

impl From<ShapeLine> for LinkShape {
    fn from(line: ShapeLine) -> Self {
        Self {
            bits_per_second: line.bits_per_second,
            delay: Duration::from_millis(line.delay_ms),
            loss: line.loss,
            ..Self::default()
        }
    }
}

/// The name of a source in requests and events.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum SourceName {
    Audio,
    Camera,
    Screen,
    ScreenAudio,
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
