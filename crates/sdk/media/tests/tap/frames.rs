//! Keys of epochs, and what they open.

use core::time::Duration;
use std::{cell::RefCell, collections::BTreeSet};

use anteroom_client_media::EpochFrames;
use anteroom_e2ee::{
    Codec, EpochKey, FrameContext, FrameOpener, FrameRefusal, FrameTag, Moment, OpenedFrame,
};
use anteroom_protocol::{EraId, GroupEpoch};
use zeroize::Zeroizing;

/// The leaf of the sender, and that of the device that is removed.
const SENDER: u32 = 0;
const REMOVED: u32 = 1;

/// The result of opening a frame.
pub(crate) type Outcome = Result<OpenedFrame, FrameRefusal>;

/// The keys of a device.
pub(crate) struct EpochKeys(Vec<EpochKey>);

impl EpochKeys {
    /// Returns the keys of epochs.
    pub(crate) fn of(epochs: &[u64]) -> Self {
        Self(epochs.iter().map(|epoch| key(*epoch, *epoch)).collect())
    }

    /// Returns the key of an epoch under the name of another.
    pub(crate) fn renamed(epoch: u64, name: u64) -> Self {
        Self(vec![key(epoch, name)])
    }

    /// Opens sealed frames of a source.
    pub(crate) fn open(&self, context: FrameContext, frames: &[Vec<u8>]) -> Vec<Outcome> {
        let now = Moment::new(Duration::ZERO);
        let opener = RefCell::new(FrameOpener::new());
        for key in &self.0 {
            let leaves = leaves();
            let mut opener = opener.borrow_mut();
            opener
                .add_epoch(key.clone(), leaves.clone(), &leaves, now)
                .unwrap();
        }
        let codec = match context {
            FrameContext::Camera | FrameContext::Screen => Codec::Vp8,
            FrameContext::Audio | FrameContext::ScreenAudio => Codec::Opus,
        };
        let opened = frames.iter().map(|frame| {
            let clear = codec.clear_length(frame);
            let opened = opener.borrow_mut().open(FrameTag(0), frame, clear, now);
            if let Ok(opened) = &opened {
                assert_eq!((opened.leaf, opened.context), (SENDER, context));
            }
            opened
        });
        opened.collect()
    }
}

/// Returns the frames of an epoch that were opened.
pub(crate) fn opened(outcomes: &[Outcome], epoch: u64) -> Vec<Vec<u8>> {
    let opened = outcomes.iter().filter_map(|outcome| outcome.as_ref().ok());
    let of_epoch = opened.filter(|opened| opened.epoch.epoch == epoch);
    of_epoch.map(|opened| opened.frame.to_vec()).collect()
}

/// Returns the sealed frames that a member opens with the key of an epoch.
pub(crate) fn of_epoch(sealed: &[Vec<u8>], outcomes: &[Outcome], epoch: u64) -> Vec<Vec<u8>> {
    let both = sealed.iter().zip(outcomes);
    let of_epoch = both.filter(|(_, outcome)| {
        let opened = outcome.as_ref().ok();
        opened.is_some_and(|opened| opened.epoch.epoch == epoch)
    });
    of_epoch.map(|(sealed, _)| sealed.clone()).collect()
}

/// Returns what the sender knows of an epoch.
pub(crate) fn epoch_frames(epoch: u64) -> EpochFrames {
    EpochFrames {
        key: key(epoch, epoch),
        own_leaf: SENDER,
        stayed: leaves(),
        leaves: leaves(),
        devices: [].into(),
        has_new_members: false,
    }
}

fn leaves() -> BTreeSet<u32> {
    [SENDER, REMOVED].into()
}

fn key(epoch: u64, name: u64) -> EpochKey {
    let base_key = Zeroizing::new([u8::try_from(epoch).unwrap(); 16]);
    let name = GroupEpoch {
        group: 1,
        epoch: name,
    };
    EpochKey::new(EraId::from_bytes([1; 16]), name, base_key)
}
