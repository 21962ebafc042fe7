//! Participation in a call over the room service's socket, without the socket.
//!
//! [`Participation`](participation::Participation) is one device's part in a call: it makes the messages to
//! send and reads the received ones. Its caller holds the connection and the clock.

pub(crate) mod chat;
pub mod command;
pub mod connection;
mod encryption;
pub(crate) mod event;
pub mod group;
pub(crate) mod hello;
pub mod join;
pub mod known_call;
pub mod media;
pub mod member;
pub mod participation;
mod refusal;
pub(crate) mod replay;
pub(crate) mod replay_store;
pub(crate) mod roster;
mod roster_revision;
pub(crate) mod sealing;
pub mod socket_url;
mod text;
