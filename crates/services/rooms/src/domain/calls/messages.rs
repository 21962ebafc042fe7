//! The messages to a room's task, and its answers.

use anteroom_call::{Command, ConnectionId, Join, PeekView};
use anteroom_protocol::OpaqueUserId;
use anteroom_runtime::{OperationOutcome, RunningOperation};
use tokio::sync::oneshot;

use super::send_queue::SendQueue;
use crate::{Node, domain::failure::DecisionFailure};

/// A message to a room's task.
pub(crate) enum CallMessage {
    Join {
        /// Boxed, because it is the largest variant and not the most frequent one.
        join: Box<Join>,
        send_queue: SendQueue,
        /// Receives the outcome of the join. Dropped if the call has ended.
        reply: oneshot::Sender<CallJoinOutcome>,
    },
    Command {
        connection: ConnectionId,
        command: Command,
        /// Ended with the outcome that the call reports.
        operation: Option<RunningOperation>,
    },
    Disconnected(ConnectionId),
    /// Reads the stored link, and signals the caller once the call knows it.
    Look(LookReply),
    Peek {
        user: OpaqueUserId,
        /// Whether the link is open for joins.
        link_is_open: bool,
        reply: oneshot::Sender<PeekView>,
    },
}

/// Signals that the call knows the stored link. Dropped if the link cannot be read.
pub(crate) type LookReply = oneshot::Sender<()>;

/// The outcome of a join.
pub(crate) type CallJoinOutcome = Result<HandledJoin, CallJoinRefusal>;

/// A join that the call has handled. The call answers it.
pub(crate) struct HandledJoin {
    /// Whether the device joined as an admin.
    pub(crate) is_admin: bool,
    /// The outcome by the call's answer.
    pub(crate) outcome: OperationOutcome,
}

/// The reason why the call does not handle a join.
#[derive(Debug)]
pub(crate) enum CallJoinRefusal {
    /// Another node has the room's call.
    Elsewhere(Box<Node>),
    UnknownLink,
    /// The link is closed, and the room has no members.
    Closed,
    /// The user has joined the lobby too often.
    RateLimited,
    /// The database does not answer.
    Unavailable,
}

impl From<DecisionFailure> for CallJoinRefusal {
    fn from(_: DecisionFailure) -> Self {
        Self::Unavailable
    }
}
