//! The rules of a call's media, each with made-up numbers, and at random against simple models.

#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]
#![expect(clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod allocation;
mod audio_slots;
mod call;
mod connection_limits;
mod connections;
mod demand;
mod description;
mod downlink;
mod key_frames;
mod layers;
mod limits;
mod reported_loss;
mod rewriting;
mod speaker;
mod transport_numbers;
mod vp8;
