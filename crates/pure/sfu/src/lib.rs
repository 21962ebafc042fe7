//! The media of one call as a state machine: who hears and sees whom in which slot, in which layer, and with
//! which numbers.
//!
//! # Contract
//!
//! 1. [`CallMedia::handle`] takes an [`input::Input`] and the [`time::Moment`] at which it arrived: devices that
//!    become active, connect and go, views, publications, orders of admins, estimates of receivers. It cannot
//!    fail.
//! 2. [`CallMedia::receive`] takes the facts of a packet and returns the packets that it becomes: to whom, in
//!    which slot, with which numbers. A device that is not active, or not connected, neither sends nor receives
//!    one.
//! 3. After both, [`CallMedia::poll_output`] returns one [`output::Output`] at a time: messages for devices and
//!    requests for key frames. The caller polls until [`output::Output::Wait`], and passes
//!    [`input::Input::TimePassed`] at the moment of it, unless something else comes first.
//!
//! The state machine never reads a clock, never blocks and never panics on an input. The caller checks that a
//! device is active, that an admin is one, and the sizes of requests.
//!
//! # Rules
//!
//! A device makes one connection with a fixed number of **slots**, in which it receives. Nothing is negotiated
//! when others come, go or speak: the rules of this crate decide what travels in which slot. Each rule is a
//! module of its own that takes made-up numbers: it knows no packet's bytes, no socket, no clock and no
//! randomness. Times come in as [`time::Moment`].
//!
//! | Module | Decides |
//! |---|---|
//! | [`speaker`] | who speaks, from the audio levels in the clear |
//! | [`audio_slots`] | which speaker travels in which slot of a viewer |
//! | [`layers`] | which layer of a sender suits a height, and what each needs |
//! | [`allocation`] | which layer of each picture fits into a viewer's bandwidth |
//! | [`downlink`] | a viewer's bandwidth, and trials of more |
//! | [`reported_loss`] | which share of all that a viewer is sent gets lost |
//! | [`key_frames`] | when a sender is asked for a key frame |
//! | [`demand`] | which sources and layers a sender is to send at all |
//! | [`limits`] | how much a sender, a call and a device's requests may use |
//! | [`connection_limits`] | what is taken from a connection at all, and sent beyond what is forwarded |
//! | [`transport_numbers`] | which transport-wide numbers are taken |
//! | [`rewriting`] | the numbers of packets, so that a slot is one continuous stream |
//! | [`vp8`] | what the clear bytes of a packet tell |
//! | [`description`] | which m-line of an offer is which source and which slot |
//!
//! `CallMedia` puts them together: `devices` holds the active devices, what each sends (`device`) and the slots
//! in which each receives (`slot`). A source has the list of the slots in which it is to travel, and an
//! assignment changes slot and list in one function, `Devices::assign`. After each input the decisions that it
//! makes stale are made again, in the order sounds, pictures, demand, key frames, reports.
//!
//! [`Sfu`] puts it over connections: `peer` is one device's connection, an `Rtc` of str0m with the m-lines of
//! its offer. It takes datagrams and gives datagrams, and knows no socket, clock or thread either. str0m draws
//! keys, credentials and SSRCs itself: below it are getrandom, rand and time, and cryptography in C, so this
//! crate is no code for browsers.
//!
//! Devices, users and slots are indexes into vectors, and buffers are used again, so that a forwarded packet
//! needs no look-up and no allocation.

pub mod allocation;
pub mod audio_level;
pub mod audio_slots;
mod call_media;
pub mod connection_limits;
pub mod demand;
pub mod description;
mod device;
mod device_handle;
mod device_offer;
mod devices;
pub mod downlink;
mod former_credentials;
pub mod indexes;
pub mod input;
pub mod key_frames;
pub mod layers;
pub mod limits;
mod measurements;
pub mod output;
mod packet;
mod path;
mod peer;
pub mod reported_loss;
pub mod rewriting;
mod settings;
mod sfu;
mod slot;
mod slot_packet;
mod slot_stream;
pub mod source;
pub mod speaker;
mod ssrc_order;
pub mod time;
pub mod token_bucket;
pub mod transport_numbers;
pub mod vp8;

pub use self::{
    call_media::CallMedia,
    device_handle::DeviceHandle,
    device_offer::{DeviceOffer, OfferError},
    measurements::{Measurement, SfuCounts},
    packet::{IncomingPacket, OutgoingPacket},
    path::Path,
    settings::{Certificate, SfuSettings},
    sfu::{AnsweredOffer, OfferKind, Sfu, SfuOutput},
};
