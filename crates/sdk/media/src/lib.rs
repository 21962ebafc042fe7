//! The media of a client: encoded frames of sound and picture, sealed for the members of a call's group, over one
//! connection to the room service's media server.
//!
//! # Contract
//!
//! 1. [`start`] starts the media of a device. [`MediaControl`] is for the call: it passes offers on
//!    ([`MediaControl::next_offer`]), and brings answers, the keys of epochs, and what others want to see and hear.
//!    [`MediaSender`] and [`MediaEvents`] are for the application.
//! 2. There is one connection at a time, with one offer: four sources (microphone, camera in three layers, screen, and
//!    its sound), and a fixed number of slots ([`SlotCounts`]) in which frames of others come. Nothing is negotiated
//!    again when people come, go or speak. Only Opus and VP8 are offered.
//! 3. Ways over UDP are tried first, ways over TCP after two seconds without one. When no way works any more, or
//!    the room service says that the media server has none of it, the connection is made anew: at most one offer in five
//!    seconds, and one a minute later on. After ten in a row without a connection that lasts, or three that the room
//!    service refuses, they are given up. A new connection is sent the wishes of the application for its own slots.
//! 4. Every frame is sealed (SFrame, [`anteroom_e2ee`]): without the keys of a group nothing is sent. A frame that does
//!    not open is dropped and counted; one that opens is always delivered, with the device whose leaf has sealed it.
//!    The service's word about a slot does not matter here.
//! 5. Nothing is encoded, decoded or logged. Time comes from the clock of tokio's runtime in the task alone.
//!
//! # Inside
//!
//! ```text
//! MediaControl, MediaSender ──commands──▶ task ──▶ MediaEvents         handle, task
//!                                          │  ▲
//!                       datagrams, ways ◀──┘  └── ways: UDP, TCP        ways
//!                                          │
//!                                      CallMedia                        call_media: offers, ways, what is sent
//!                                       │     │
//!                                  FrameKeys  Connection                keys: sealing; connection: str0m
//! ```
//!
//! `CallMedia` and below it have no socket and no clock. `lines` has the m-lines of the offer, `estimate` the bandwidth
//! that a receiver tells the media server (REMB).
#![forbid(unsafe_code)]

mod attempts;
mod broken_pictures;
mod call_media;
mod candidates;
mod connection;
mod connection_output;
mod estimate;
mod event;
mod frame;
mod handle;
mod keys;
mod layer;
mod lines;
mod opus;
mod send_state;
mod sound_codec;
mod task;
mod ways;

/// Types of other crates in this crate's public signatures.
pub use anteroom_e2ee::{EpochFrames, SealError};
pub use anteroom_protocol::media::{SessionDescription, Source, Wanted};

pub use self::{
    call_media::Offer,
    connection::WriteError,
    event::{FrameCounts, GiveUpReason, MediaEvent, Slot},
    frame::{AudioLevel, OpusPacket, ReceivedFrame, Vp8Frame, is_key_frame},
    handle::{MediaControl, MediaEvents, MediaSender, start},
    layer::Layer,
    lines::{MAX_AUDIO_SLOTS, MAX_VIDEO_SLOTS, SlotCounts, SlotKind, SlotNumber},
    opus::packet_duration,
    send_state::{SendError, SendOutcome},
};
