//! Taking part in a call over the room service's socket.

mod chat;
mod driver;
mod event;
mod ids;
mod sealing;
mod session;
mod socket;

pub(crate) use anteroom_protocol::printable;

pub use self::{
    chat::Chat,
    event::{CallEvent, DenialReason, Ending, Joined, Roster, Standing},
    ids::{DemuxId, EraId, OpaqueUserId},
    sealing::{EraKey, MAX_MESSAGE, MessageOpener, MessageSealer, MessageTooLong, OpenError},
    session::{CallSession, JoinOptions, Recipient},
};
