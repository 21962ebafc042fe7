//! The outputs of a connection.

use core::time::Duration;
use std::time::Instant;

use anteroom_protocol::media::Source;
use str0m::net::Transmit;

use crate::{
    frame::AudioLevel,
    layer::Layer,
    lines::{SlotKind, SlotNumber},
};

/// A frame as it came, sealed.
pub(crate) struct SealedFrame {
    pub(crate) slot: SlotNumber,
    pub(crate) kind: SlotKind,
    pub(crate) time: Duration,
    pub(crate) lost: u64,
    pub(crate) level: Option<AudioLevel>,
    pub(crate) data: std::sync::Arc<[u8]>,
}

/// An output of a connection.
pub(crate) enum ConnectionOutput {
    /// There is nothing to do until then.
    Wait(Instant),
    /// A datagram is to be sent.
    Transmit(Transmit),
    /// The connection works for the first time.
    Begun,
    /// A path works again, or another one.
    Connected,
    /// No path works at the moment.
    Interrupted,
    /// A frame came.
    Frame(SealedFrame),
    /// Somebody needs a key frame.
    KeyFrame(Source, Layer),
    /// The connection has ended.
    Ended,
}
