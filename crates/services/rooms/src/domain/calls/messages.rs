//! The messages to a room's task, and its answers.

use anteroom_call::{Command, ConnectionId, Join, PeekView};
use anteroom_protocol::OpaqueUserId;
use anteroom_runtime::{OperationOutcome, RunningOperation};
use tokio::sync::oneshot;

use super::send_queue::SendQueue;
use crate::domain::failure::JoinRefusal;

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
    ReadLink(LinkReadReply),
    Peek {
        user: OpaqueUserId,
        /// Whether the link is open for joins.
        link_is_open: bool,
        reply: oneshot::Sender<PeekView>,
    },
}

/// Signals that the call knows the stored link. Dropped if the link cannot be read.
pub(crate) type LinkReadReply = oneshot::Sender<()>;

/// The outcome of a join.
pub(crate) type CallJoinOutcome = Result<HandledJoin, JoinRefusal>;

/// A join that the call has handled. The call answers it.
pub(crate) struct HandledJoin {
    /// Whether the device joined as an admin.
    pub(crate) is_admin: bool,
    /// The outcome by the call's answer.
    pub(crate) outcome: OperationOutcome,
}
