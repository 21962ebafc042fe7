//! The outputs of a call's media.

use anteroom_protocol::DemuxId;

pub use anteroom_protocol::media::Pause;

use crate::{
    demand::Wanted,
    device_handle::DeviceHandle,
    indexes::SlotIndex,
    input::MuteOrder,
    source::{Layer, Source},
    time::Moment,
};

/// An output. The caller carries the outputs out in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send a message to a device.
    Send {
        /// The device.
        to: DemuxId,
        /// The message.
        message: Message,
    },
    /// Send the speakers, loudest first, to all active devices.
    Speakers(Vec<DemuxId>),
    /// Ask a sender for a key frame of a layer (PLI).
    RequestKeyFrame {
        /// The sender.
        from: DeviceHandle,
        /// The source.
        source: Source,
        /// The layer.
        layer: Layer,
    },
    /// There are no more outputs. Pass the next input, or [`crate::input::Input::TimePassed`] at this moment.
    Wait(Option<Moment>),
}

/// A message to a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// The states of the device's slots, whole. Empty slots are not named.
    Slots(Vec<SlotState>),
    /// The sources and layers that the device is to send.
    Send(Wanted),
    /// An admin has given an order about a source of the device.
    Muted {
        /// The admin's device.
        by: DemuxId,
        /// The source.
        source: Source,
        /// The order.
        order: MuteOrder,
    },
    /// Something of the device was refused.
    Refused(Refusal),
}

/// The reason of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The connection has more slots than a connection may have. It is not used.
    TooManySlots,
    /// The device sends too many requests. This one is ignored.
    RateLimited,
    /// The source was beyond its limit for too long. It is dropped until the device publishes it anew.
    OverLimit(Source),
}

/// The state of a slot that is not empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotState {
    /// The slot.
    pub slot: SlotIndex,
    /// The device that is shown.
    pub device: DemuxId,
    /// The source.
    pub source: Source,
    /// The reason why nothing travels. `None`: it travels, or will with the next key frame.
    pub pause: Option<Pause>,
    /// The height of the picture that travels.
    pub height: Option<u16>,
}
