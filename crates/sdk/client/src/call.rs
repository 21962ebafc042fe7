//! Participation in a call over the room service's socket.

mod chat;
mod driver;
mod event;
mod hello;
mod ids;
mod replay;
mod replay_store;
mod roster;
mod sealing;
mod session;
mod socket;

pub(crate) use anteroom_protocol::printable;

pub use self::{
    chat::Chat,
    event::{CallEvent, DenialReason, EndReason, SeatInfo, SeatStatus},
    ids::{DemuxId, EraId, OpaqueUserId},
    replay::SenderCounters,
    replay_store::{EraMark, MemoryReplays, ReceivedCounters, ReplayStore, ReplayStoreError},
    roster::Roster,
    sealing::{EraKey, MAX_MESSAGE, MessageOpener, MessageSealer, MessageTooLong, OpenError},
    session::{CallSession, JoinOptions, Recipient},
};
pub(crate) use self::{
    hello::HelloCodec,
    replay::ReplayMemory,
    socket::{PATH as SOCKET_PATH, SUBPROTOCOL},
};
