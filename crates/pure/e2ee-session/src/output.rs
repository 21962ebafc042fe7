//! The outputs of a session.

use core::fmt;

use anteroom_e2ee::{EpochFrames, OutgoingCommit, Policy, SignedStatement};
use anteroom_protocol::{DemuxId, GroupEpoch};

use crate::event::Event;

/// An output. The caller carries the outputs out in their order.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "it is moved once, from the queue to the caller"
)]
pub enum Output {
    /// Send a message to the room service.
    Send(Message),
    /// Keys of a new epoch, for [`FrameSealer`](anteroom_e2ee::FrameSealer) and
    /// [`FrameOpener`](anteroom_e2ee::FrameOpener), which go on over eras as the session does.
    FrameKeys(EpochFrames),
    /// Tell the person, or store.
    Event(Event),
}

/// A message to the room service.
#[derive(Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "it is moved once, from the queue to the caller"
)]
pub enum Message {
    /// `commit`. The session awaits it back, or an error.
    Commit(OutgoingCommit),
    /// `refuse`: the commit that ended this epoch does not hold.
    Refuse(GroupEpoch),
    /// `relay` to all.
    Relay(RelayClass, Vec<u8>),
    /// `relay` to one device: an application message about texts that it misses, or has said.
    RelayTo(DemuxId, Vec<u8>),
    /// `participants`: the roster may lack changes. The answer is [`Input::Roster`](crate::Input::Roster).
    RosterRequest,
    /// A change of the link's `adminStatement` over HTTP.
    Policy(SignedStatement<Policy>),
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Commit(commit) => write!(f, "Commit({:?})", commit.epoch),
            Self::Refuse(at) => write!(f, "Refuse({at:?})"),
            Self::Relay(class, body) => write!(f, "Relay({class:?}, {} bytes)", body.len()),
            Self::RelayTo(to, body) => write!(f, "RelayTo({to:?}, {} bytes)", body.len()),
            Self::RosterRequest => f.write_str("RosterRequest"),
            Self::Policy(policy) => write!(f, "Policy({policy:?})"),
        }
    }
}

/// The class of a relay body, which is its first byte. Bodies that are sealed under the era key alone begin
/// with `01`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelayClass {
    /// `02 || group (4) || sealed key package`: the device asks to be added, to this group or a later one.
    KeyPackage,
    /// `03 || MLS message`: an application message of a member. Worth as little delay as the text in it.
    GroupMessage,
    /// The same with a confirmation in it: it may be dropped, the next one follows in 10 s.
    Confirmation,
    /// `04 || sealed context`: the statements that a device knows which asks to be added.
    Statements,
}
