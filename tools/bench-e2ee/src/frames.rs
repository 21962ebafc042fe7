//! Frames of a camera, sealed by one member and opened by another one.

use core::{hint::black_box, time::Duration};
use std::collections::BTreeSet;

use anteroom_e2ee::{
    Codec, EpochKey, FrameContext, FrameOpener, FrameSealer, FrameTag, GroupEpoch, Moment,
};
use anteroom_protocol::EraId;
use anyhow::Result;
use rand_core::Rng;

/// The leaf of the sender.
const LEAF: u32 = 1;

/// The present moment of both sides.
const NOW: Moment = Moment::new(Duration::ZERO);

/// A sealer and an opener in the same epoch.
pub(crate) struct Frames {
    sealer: FrameSealer,
    opener: FrameOpener,
}

/// A frame before it is sealed.
pub(crate) struct Frame {
    bytes: Vec<u8>,
    clear_length: usize,
}

impl Frames {
    pub(crate) fn new(rng: &mut impl Rng) -> Result<Self> {
        let epoch = GroupEpoch { group: 0, epoch: 1 };
        let mut key = [0; 16];
        rng.fill_bytes(&mut key);
        let era = EraId::from_bytes([1; 16]);
        let key = EpochKey::new(era, epoch, key.into());
        let mut sealer = FrameSealer::new();
        sealer.add_epoch(&key, LEAF, false, NOW)?;
        let mut opener = FrameOpener::new();
        opener.add_epoch(key, BTreeSet::from([LEAF]), &BTreeSet::new(), NOW)?;
        Ok(Self { sealer, opener })
    }

    /// Seals a frame several times.
    pub(crate) fn seal(&mut self, frame: &Frame, repeats: u32) -> Result<()> {
        for _ in 0..repeats {
            black_box(self.seal_once(frame)?);
        }
        Ok(())
    }

    /// Seals a frame several times, to be opened.
    pub(crate) fn sealed(&mut self, frame: &Frame, repeats: u32) -> Result<Vec<Vec<u8>>> {
        (0..repeats).map(|_| self.seal_once(frame)).collect()
    }

    /// Opens sealed frames, each of which is opened once.
    pub(crate) fn open(&mut self, sealed: &[Vec<u8>], clear_length: usize) -> Result<()> {
        for frame in sealed {
            black_box(self.opener.open(FrameTag(0), frame, clear_length, NOW)?);
        }
        Ok(())
    }

    fn seal_once(&mut self, frame: &Frame) -> Result<Vec<u8>> {
        let Frame {
            bytes,
            clear_length,
        } = frame;
        let context = FrameContext::Camera;
        Ok(self.sealer.seal(context, bytes, *clear_length, NOW)?)
    }
}

impl Frame {
    /// Makes a frame of VP8 with a length in bytes.
    pub(crate) fn new(length: usize) -> Self {
        let bytes = vec![1; length];
        let clear_length = Codec::Vp8.clear_length(&bytes);
        Self {
            bytes,
            clear_length,
        }
    }

    pub(crate) const fn clear_length(&self) -> usize {
        self.clear_length
    }
}
