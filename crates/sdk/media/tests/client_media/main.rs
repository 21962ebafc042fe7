//! Devices with media of their own at a media server, over sockets.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod frames;
mod meeting;
mod paths;
mod recovery;
mod repeats;
mod seals;
