//! Taking part in a call over the room service's socket.

mod chat;
mod driver;
mod event;
mod ids;
mod replay;
mod roster;
mod sealing;
mod session;
mod socket;

pub use self::{
    chat::Chat,
    event::{CallEvent, DenialReason, Ending, Joined, Standing},
    ids::{DemuxId, EraId, OpaqueUserId},
    replay::SenderCounters,
    roster::Roster,
    sealing::{EraKey, MAX_MESSAGE, MessageOpener, MessageSealer, MessageTooLong, OpenError},
    session::{CallSession, JoinOptions, Recipient},
};
pub(crate) use self::{chat::printable, replay::ReplayMemory};
