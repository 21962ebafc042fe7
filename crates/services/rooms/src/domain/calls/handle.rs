//! The handle of a room with a client: the messages to its task, their answers, and the signal that
//! ends its call.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anteroom_call::{Command, ConnectionId, Input, Join, PeekView};
use anteroom_protocol::{EraId, OpaqueUserId};
use anteroom_runtime::{ClientAddress, OperationOutcome, RunningOperation};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tracing::Span;

use super::send_queue::SendQueue;
use crate::domain::failure::JoinRefusal;

/// A message to a room's task.
pub(crate) enum CallMessage {
    Join {
        /// Boxed, because it is the largest variant and not the most frequent one.
        join: Box<Join>,
        client: ClientAddress,
        send_queue: SendQueue,
        /// Receives the outcome of the join. Dropped if the call has ended.
        reply: oneshot::Sender<CallJoinOutcome>,
    },
    Command {
        connection: ConnectionId,
        command: Command,
        /// Ended with the outcome that the call reports.
        operation: Option<RunningOperation>,
        /// Dropped once the call has handled the command.
        is_handled: Option<oneshot::Sender<()>>,
    },
    Disconnected(ConnectionId),
    /// Asks whether a connection has the rights of an admin.
    IsAdmin {
        connection: ConnectionId,
        reply: oneshot::Sender<bool>,
    },
    /// Reads the stored link, and signals the caller once the call knows it.
    ReadLink(LinkReadReply),
    Peek {
        user: OpaqueUserId,
        /// Whether the link admits the user.
        is_admitted: bool,
        reply: oneshot::Sender<PeekView>,
    },
}

/// Signals that the call knows the stored link. Dropped if the link cannot be read.
pub(crate) type LinkReadReply = oneshot::Sender<()>;

/// The outcome of a join that the call has handled, by the call's answer.
pub(crate) type CallJoinOutcome = Result<OperationOutcome, JoinRefusal>;

/// A room with a client, at this node. Clones are the same room.
#[derive(Clone)]
pub(crate) struct CallHandle {
    pub(super) era: EraId,
    pub(super) inbox: mpsc::Sender<CallMessage>,
    pub(super) end: Arc<EndSignal>,
    /// Cancelled when the call is over and its record is removed.
    pub(super) finished: CancellationToken,
    /// The span of the log lines of the call.
    pub(crate) span: Span,
}

impl CallHandle {
    /// Gives the join to the call. Returns `None` if the call has ended.
    pub(crate) async fn join(
        &self,
        join: Join,
        client: ClientAddress,
        send_queue: SendQueue,
    ) -> Option<CallJoinOutcome> {
        let (reply, answer) = oneshot::channel();
        let message = CallMessage::Join {
            join: Box::new(join),
            client,
            send_queue,
            reply,
        };
        self.inbox.send(message).await.ok()?;
        answer.await.ok()
    }

    /// Sends the call a message. Returns `false` if the call has ended.
    pub(crate) async fn send(&self, message: CallMessage) -> bool {
        self.inbox.send(message).await.is_ok()
    }

    /// Returns whether the call still accepted messages a moment ago.
    pub(crate) fn is_open(&self) -> bool {
        !self.inbox.is_closed()
    }

    /// Lets the call read the stored link, which another node may have changed. Later messages are
    /// decided by that link. Returns whether the link could be read.
    pub(crate) async fn refresh_link(&self) -> bool {
        let (reply, answer) = oneshot::channel();
        self.send(CallMessage::ReadLink(reply)).await && answer.await.is_ok()
    }

    /// Returns whether a connection has the rights of an admin, after its earlier messages.
    pub(crate) async fn is_admin(&self, connection: ConnectionId) -> bool {
        let (reply, answer) = oneshot::channel();
        let question = CallMessage::IsAdmin { connection, reply };
        self.send(question).await && answer.await.unwrap_or(false)
    }

    /// Completes when the call is over and another can start in the room.
    pub(crate) async fn finished(&self) {
        self.finished.cancelled().await;
    }
}

/// Signals the task of a room that its call is to end.
#[derive(Debug, Default)]
pub(super) struct EndSignal {
    end: Notify,
    is_dismissal: AtomicBool,
}

impl EndSignal {
    /// Ends the call because this node cannot hold it any longer. Clients may reconnect by
    /// themselves.
    pub(super) fn stop(&self) {
        self.end.notify_one();
    }

    /// Ends the call because a holder of the passkey asked for it. Clients stay away.
    pub(super) fn dismiss(&self) {
        self.is_dismissal.store(true, Ordering::Release);
        self.end.notify_one();
    }

    /// Completes when the call is to end. Returns the input that ends it.
    pub(super) async fn notified(&self) -> Input {
        self.end.notified().await;
        match self.is_dismissal.load(Ordering::Acquire) {
            true => Input::Dismiss,
            false => Input::End,
        }
    }
}
