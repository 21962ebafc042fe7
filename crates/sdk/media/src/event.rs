//! The events of the media of a call.

use anteroom_protocol::media::{Source, Wanted};

use crate::{
    frame::ReceivedFrame,
    layer::Layer,
    lines::{SlotKind, SlotNumber},
};

/// An event of the media of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MediaEvent {
    /// The connection to the media server works, for the first time or again.
    Connected {
        /// The slots, with the names by which the room service's messages call them (mid).
        slots: Vec<Slot>,
    },
    /// The connection is interrupted: another one is made. [`Self::Connected`] tells that sound and picture are back,
    /// [`Self::GivenUp`] that they do not come back.
    Interrupted,
    /// The connection has ended: another one is made.
    Ended,
    /// No other connection is made, unless the call's own connection is lost and comes back.
    GivenUp(GiveUpReason),
    /// A frame came.
    Frame(ReceivedFrame),
    /// Somebody needs a key frame of a picture: one that the encoder makes now. Others wait until it comes.
    KeyFrameWanted {
        /// The source.
        source: Source,
        /// The layer, of a camera.
        layer: Layer,
    },
    /// The sources and layers that somebody sees or hears now. Encoders of others can rest: what they make is not sent.
    Wanted(Wanted),
}

/// The reason why no connection is made any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GiveUpReason {
    /// None of many connections has worked. They are tried again when the call's connection was lost and is back.
    #[error(
        "the media server cannot be reached, so there is no sound and picture: check the network, and join again"
    )]
    Unreachable,
    /// The room service has refused each offer, and said why.
    #[error(
        "the room service refuses the connection for sound and picture, so there are none: it has said why"
    )]
    Refused,
}

/// A slot in which frames come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The number.
    pub number: SlotNumber,
    /// The kind.
    pub kind: SlotKind,
    /// The name in messages.
    pub mid: String,
}

/// Returns whether a layer of a source is wanted.
pub(crate) fn is_wanted(wanted: Wanted, source: Source, layer: Layer) -> bool {
    match source {
        Source::Audio => wanted.audio,
        Source::Camera => layer.index() < usize::from(wanted.camera_layers),
        Source::Screen => wanted.screen,
        Source::ScreenAudio => wanted.screen_audio,
    }
}

/// The numbers of frames since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameCounts {
    /// Frames that were sent.
    pub sent: u64,
    /// Frames that came and were opened.
    pub opened: u64,
    /// Frames that came and did not open: they are dropped. Nobody in the group has sealed them, or not for now.
    pub refused: u64,
    /// Frames of a source that cannot be in their slot.
    pub misplaced: u64,
    /// Packets that were lost before frames that came.
    pub lost: u64,
    /// Frames that the application did not read in time.
    pub unread: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_and_layers_are_wanted_one_by_one() {
        let wanted = Wanted {
            camera_layers: 2,
            screen: false,
            screen_audio: true,
            audio: false,
        };
        let camera = Layer::ALL.map(|layer| is_wanted(wanted, Source::Camera, layer));
        assert_eq!(camera, [true, true, false]);
        let others = [Source::Audio, Source::Screen, Source::ScreenAudio];
        let others = others.map(|source| is_wanted(wanted, source, Layer::Low));
        assert_eq!(others, [false, false, true]);
    }
}
