//! Participation in a call over the room service's socket.

mod command_queue;
mod driver;
mod session;
mod socket;

pub use self::session::CallSession;
