//! Frames of pictures with a mark: the head of a frame of VP8, whose mark the media server cannot read, and bytes in
//! place of a picture.

use std::{collections::BTreeMap, time::Duration};

use anteroom_client::{
    DemuxId,
    media::{Layer, ReceivedFrame, SlotNumber, Vp8Frame},
};

use crate::sound::Mark;

/// The bytes of the head of a key frame, and of another one.
const KEY_HEAD: usize = 10;
const HEAD: usize = 3;

/// Returns a frame of a layer.
pub(crate) fn frame(layer: Layer, is_key: bool, time: Duration, mark: Mark) -> Vp8Frame {
    let (width, height, length): (u16, u16, usize) = match layer {
        Layer::Low => (320, 180, 300),
        Layer::Middle => (640, 360, 900),
        Layer::High => (1_280, 720, 2_500),
    };
    let mut data = match is_key {
        true => vec![0x50, 0, 0, 0x9d, 0x01, 0x2a],
        false => vec![0x51, 0, 0],
    };
    if is_key {
        data.extend(width.to_le_bytes());
        data.extend(height.to_le_bytes());
    }
    data.extend(mark.to_bytes());
    let length = if is_key { length * 3 } else { length };
    data.resize(length, 7);
    Vp8Frame {
        data: data.into(),
        time,
        layer,
    }
}

/// Returns the mark of a frame.
fn mark(frame: &ReceivedFrame) -> Option<Mark> {
    let head = match frame.is_key_frame() {
        true => KEY_HEAD,
        false => HEAD,
    };
    Mark::of_bytes(frame.data.get(head..head + 12)?)
}

/// The pictures that a decoder of each slot would show: from a key frame to the next frame that is missing.
#[derive(Debug, Default)]
pub(crate) struct Decoders(BTreeMap<SlotNumber, DemuxId>);

impl Decoders {
    /// Takes a frame. Returns its mark if it can be shown.
    pub(crate) fn take(&mut self, frame: &ReceivedFrame) -> Option<Mark> {
        if frame.is_key_frame() {
            self.0.insert(frame.slot, frame.sender);
        } else if frame.lost > 0 {
            self.0.remove(&frame.slot);
        }
        let shown = self.0.get(&frame.slot);
        shown.filter(|sender| **sender == frame.sender)?;
        mark(frame)
    }
}
