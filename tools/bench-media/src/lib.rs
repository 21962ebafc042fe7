//! The two processes of the measurements of media: the server under test, and the load.
//!
//! `cargo xtask bench media` starts both and speaks with each in lines of JSON ([`messages`]). It carries offers
//! and answers from one to the other, or between the load and a server of another kind: the load is the same
//! for all servers.
//!
//! # Inside
//!
//! ```text
//! dialogue ──▶ server                     anteroom_media::MediaServer, and nothing around it
//!          ──▶ load ──▶ worker ──▶ client ──▶ publication      what a connection sends
//!                                         ──▶ reception        what it has received
//!          ──▶ floor                      the least that any server must do
//! ```
//!
//! A [`client::Client`] is one connection with a socket of its own: str0m with real DTLS, SRTP and feedback. The
//! clients are spread over the threads of the load. Each packet carries the moment at which it was written and the
//! number of its window; packets between windows are not counted. The load reads the CPU time of the server under
//! test from `/proc` at both ends of a window ([`process_usage`]).
#![forbid(unsafe_code)]

pub mod client;
pub mod dialogue;
pub mod floor;
pub mod load;
pub mod messages;
pub mod own_address;
pub mod process_usage;
mod publication;
mod reception;
pub mod server;
mod stamp;
mod worker;
