//! Participation in a call over the room service's socket.

mod driver;
mod replays;
mod session;
mod socket;

pub use self::session::CallSession;
