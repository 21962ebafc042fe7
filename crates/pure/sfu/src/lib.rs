//! The media of one call: who hears and sees whom in which slot, in which layer, and with which numbers.
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
//! | [`key_frames`] | when a sender is asked for a key frame |
//! | [`demand`] | which sources and layers a sender is to send at all |
//! | [`limits`] | how much a sender, a call and a device's requests may use |
//! | [`rewriting`] | the numbers of packets, so that a slot is one continuous stream |
//! | [`vp8`] | what the clear bytes of a packet tell |
//!
//! Devices, users and slots are indexes into vectors, and buffers are used again, so that a forwarded packet
//! needs no look-up and no allocation.

pub mod allocation;
pub mod audio_level;
pub mod audio_slots;
pub mod demand;
pub mod downlink;
pub mod indexes;
pub mod key_frames;
pub mod layers;
pub mod limits;
pub mod rewriting;
pub mod source;
pub mod speaker;
pub mod time;
pub mod token_bucket;
pub mod vp8;
