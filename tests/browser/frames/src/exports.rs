//! The functions of the module. Numbers alone pass, so that no generated code is needed: bytes are written
//! to and read from the memory of the module.

use core::{cell::RefCell, time::Duration};

use anteroom_e2ee::{Codec, EpochKey, FrameContext, FrameOpener, FrameSealer, FrameTag, Moment};
use anteroom_protocol::{EraId, GroupEpoch};
use wasm_bindgen::prelude::wasm_bindgen;
use zeroize::Zeroizing;

/// The result of a function that has failed.
const FAILURE: i32 = -1;

/// The state of the module: the frames of one device.
#[derive(Default)]
struct Frames {
    sealer: FrameSealer,
    opener: FrameOpener,
    /// The bytes that the caller passes, and those that it gets.
    input: Vec<u8>,
    output: Vec<u8>,
    /// The leaf and the context of the last frame that was opened.
    leaf: u32,
    context: u8,
}

thread_local! {
    static FRAMES: RefCell<Frames> = RefCell::default();
}

/// Makes room for the bytes of the next call, and returns their place.
#[wasm_bindgen]
pub fn input(length: usize) -> *mut u8 {
    FRAMES.with_borrow_mut(|frames| {
        frames.input.clear();
        frames.input.resize(length, 0);
        frames.input.as_mut_ptr()
    })
}

/// Returns the place of the bytes of the last call.
#[wasm_bindgen]
pub fn output() -> *const u8 {
    FRAMES.with_borrow(|frames| frames.output.as_ptr())
}

/// Adds an epoch whose era and key are the 16 and 16 bytes of the input. The leaves are bits, that of leaf 0 the
/// lowest. The time is in milliseconds. Returns whether it is one to seal with.
#[wasm_bindgen]
pub fn add_epoch(group: u32, epoch: u32, own_leaf: u32, leaves: u32, now: f64) -> bool {
    let add = |frames: &mut Frames| {
        let (era, key) = frames.input.split_first_chunk::<16>()?;
        let key = Zeroizing::new(*key.first_chunk::<16>()?);
        let number = GroupEpoch {
            group,
            epoch: epoch.into(),
        };
        let key = EpochKey::new(EraId::from_bytes(*era), number, key);
        let leaves = (0..u32::BITS).filter(|leaf| leaves >> leaf & 1 == 1);
        let leaves = leaves.collect();
        let now = moment(now);
        frames.sealer.add_epoch(&key, own_leaf, true, now).ok()?;
        let stayed = core::iter::empty().collect();
        frames.opener.add_epoch(key, leaves, &stayed, now).ok()
    };
    FRAMES.with_borrow_mut(|frames| add(frames).is_some())
}

/// Seals the input, a frame of the source with this number. Returns the length of the output, or -1.
#[wasm_bindgen]
pub fn seal(context: u8, now: f64) -> i32 {
    let seal = |frames: &mut Frames| {
        let context = FrameContext::from_number(context)?;
        let frame = &frames.input;
        let clear = codec(context).clear_length(frame);
        let sealed = frames.sealer.seal(context, frame, clear, moment(now));
        frames.output = sealed.ok()?;
        Some(())
    };
    finish(seal)
}

/// Opens the input, a frame of a slot for pictures or for sound. Returns the length of the output, or -1.
#[wasm_bindgen]
pub fn open(is_picture: bool, now: f64) -> i32 {
    let open = |frames: &mut Frames| {
        let codec = if is_picture { Codec::Vp8 } else { Codec::Opus };
        let frame = &frames.input;
        let clear = codec.clear_length(frame);
        let opened = frames.opener.open(FrameTag(0), frame, clear, moment(now));
        let opened = opened.ok()?;
        frames.output = opened.frame.to_vec();
        frames.leaf = opened.leaf;
        frames.context = opened.context.number();
        Some(())
    };
    finish(open)
}

/// Returns the leaf that sealed the last frame that was opened.
#[wasm_bindgen]
pub fn opened_leaf() -> u32 {
    FRAMES.with_borrow(|frames| frames.leaf)
}

/// Returns the number of the source of the last frame that was opened.
#[wasm_bindgen]
pub fn opened_context() -> u8 {
    FRAMES.with_borrow(|frames| frames.context)
}

/// Acts, and returns the length of the output.
fn finish(act: impl FnOnce(&mut Frames) -> Option<()>) -> i32 {
    FRAMES.with_borrow_mut(|frames| {
        let length = act(frames).map(|()| frames.output.len());
        let length = length.and_then(|length| i32::try_from(length).ok());
        length.unwrap_or(FAILURE)
    })
}

const fn codec(context: FrameContext) -> Codec {
    match context {
        FrameContext::Audio | FrameContext::ScreenAudio => Codec::Opus,
        FrameContext::Camera | FrameContext::Screen => Codec::Vp8,
    }
}

fn moment(milliseconds: f64) -> Moment {
    Moment::new(Duration::from_secs_f64(milliseconds.max(0.0) / 1_000.0))
}
