//! The handle of a room with a client.

use std::sync::Arc;

use anteroom_call::Join;
use anteroom_protocol::EraId;
use tokio::sync::{mpsc, oneshot, watch};
use tracing::Span;

use super::{
    end::EndSignal,
    messages::{CallJoinOutcome, CallMessage},
    send_queue::SendQueue,
};

/// A room with a client, at this node. Clones are the same room.
#[derive(Clone)]
pub(crate) struct CallHandle {
    pub(super) era: EraId,
    pub(super) inbox: mpsc::Sender<CallMessage>,
    /// Signals the room's task to end the call.
    pub(super) end: Arc<EndSignal>,
    /// Whether the call is over and its record is removed.
    pub(super) finished: watch::Receiver<bool>,
    /// The span of the log lines of the call.
    pub(super) span: Span,
}

impl CallHandle {
    /// Returns the span of the log lines of the call.
    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    /// Gives the join to the call. Returns `None` if the call has ended.
    pub(crate) async fn join(&self, join: Join, send_queue: SendQueue) -> Option<CallJoinOutcome> {
        let (reply, answer) = oneshot::channel();
        let message = CallMessage::Join {
            join: Box::new(join),
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

    /// Completes when the call is over and another can start in the room.
    pub(crate) async fn finished(&self) {
        // An error means that the call's tasks have ended, so that the call is over too.
        let _ = self.finished.clone().wait_for(|finished| *finished).await;
    }
}
