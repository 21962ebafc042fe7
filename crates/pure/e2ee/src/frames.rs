//! Frames: every encoded frame of sound and picture, sealed before it leaves the encoder (SFrame, RFC 9605,
//! cipher suite 4, `AES_128_GCM_SHA256_128`).
//!
//! 1. Each epoch of a group has a base key ([`EpochKey`]), known to its members.
//! 2. The key id of a frame is `epoch modulo 256 (8 bits) || leaf (10 bits) || context (3 bits)`; RFC 9605,
//!    section 4.4.2 derives the key of each key id from the base key.
//! 3. [`FrameSealer`] counts the frames of each context and epoch from 0. There is one for a device; a device
//!    that lost it comes back as a new leaf.
//! 4. The associated data are `01 || context (1) || clear bytes`, after SFrame's own header. [`Codec`] says
//!    which bytes of a frame stay clear.
//! 5. [`FrameOpener`] says which leaf of which epoch sealed a frame, and in which context. Every member can
//!    seal as any other (RFC 9605, section 9.1): frames are not signed.
//!
//! A sealed frame is `clear bytes || SFrame header (5 to 12 bytes) || ciphertext || tag (16)`.

mod codec;
mod context;
mod epoch;
mod key_id;
mod metadata;
mod opener;
mod replay_window;
mod sealer;

pub use self::{
    codec::Codec,
    context::FrameContext,
    epoch::{EpochKey, OldEpoch},
    opener::{
        EPOCH_RETENTION, FrameOpener, FrameRefusal, FrameTag, HOLD_TIME, LEAVER_RETENTION,
        MAX_EPOCHS, OpenedFrame,
    },
    sealer::{CHANGE_DELAY, FrameSealer, SealError},
};
