//! Keys of epochs, and what they open.

use core::time::Duration;

use anteroom_client_media::EpochFrames;
use anteroom_e2ee::{
    Codec, EpochKey, FrameContext, FrameOpener, FrameRefusal, FrameTag, Moment, OpenedFrame,
};
use anteroom_protocol::GroupEpoch;
use zeroize::Zeroizing;

/// The result of opening a frame.
pub(crate) type Outcome = Result<OpenedFrame, FrameRefusal>;

/// Opens sealed frames of a source with the keys of epochs.
pub(crate) fn open(
    keys: &[EpochFrames],
    context: FrameContext,
    frames: &[Vec<u8>],
) -> Vec<Outcome> {
    let now = Moment::new(Duration::ZERO);
    let mut opener = FrameOpener::new();
    for epoch in keys {
        let (key, leaves) = (epoch.key.clone(), epoch.leaves.clone());
        opener.add_epoch(key, leaves, &epoch.stayed, now).unwrap();
    }
    let codec = match context {
        FrameContext::Camera | FrameContext::Screen => Codec::Vp8,
        FrameContext::Audio | FrameContext::ScreenAudio => Codec::Opus,
    };
    let opened = frames.iter().map(|frame| {
        let opened = opener.open(FrameTag(0), frame, codec.clear_length(frame), now);
        if let Ok(opened) = &opened {
            assert_eq!(opened.context, context);
        }
        opened
    });
    opened.collect()
}

/// Returns the frames of an epoch that were opened.
pub(crate) fn opened(outcomes: &[Outcome], epoch: GroupEpoch) -> Vec<Vec<u8>> {
    let opened = outcomes.iter().filter_map(|outcome| outcome.as_ref().ok());
    let of_epoch = opened.filter(|opened| opened.epoch == epoch);
    of_epoch.map(|opened| opened.frame.to_vec()).collect()
}

/// Returns the sealed frames that a member opens with the key of an epoch.
pub(crate) fn of_epoch(
    sealed: &[Vec<u8>],
    outcomes: &[Outcome],
    epoch: GroupEpoch,
) -> Vec<Vec<u8>> {
    let both = sealed.iter().zip(outcomes);
    let of_epoch = both.filter(|(_, outcome)| {
        let opened = outcome.as_ref().ok();
        opened.is_some_and(|opened| opened.epoch == epoch)
    });
    of_epoch.map(|(sealed, _)| sealed.clone()).collect()
}

/// Returns the key of an epoch under the name of another.
pub(crate) fn renamed(of: &EpochFrames, name: GroupEpoch) -> EpochFrames {
    let key = Zeroizing::new(*of.key.as_bytes());
    EpochFrames {
        key: EpochKey::new(of.key.era(), name, key),
        ..of.clone()
    }
}
