//! Participation in a call over the room service's socket.

mod command_queue;
mod driver;
mod session;
mod session_command;
#[cfg(feature = "media")]
mod session_media;
#[cfg(not(feature = "media"))]
#[path = "call/without_media.rs"]
mod session_media;
mod socket;

pub use self::session::CallSession;
