//! One client's socket, from its opening to its end.

use std::{pin::pin, sync::Arc};

use anteroom_call::Command;
use anteroom_runtime::{OperationOutcome, RunningOperation, dependency_wait};
use futures::{
    SinkExt as _, StreamExt as _,
    stream::{SplitSink, SplitStream},
};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::{
    sync::oneshot,
    time::{sleep, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message, Utf8Bytes,
        protocol::{CloseFrame, Role as SocketRole, WebSocketConfig},
    },
};
use tracing::{Instrument as _, Span};

use super::{
    inbound::{InboundContent, InboundMessage, MAX_JOIN, MAX_LARGE_MESSAGE},
    joining::{Membership, join},
    reader::{PeerClosed, Reader},
    refusal::Refusal,
    stream::{ClientStream, WriteProgress},
};
use crate::{
    SocketLimits,
    domain::{
        calls::{
            handle::CallMessage,
            outbound::OutboundMessage,
            send_queue::{ClosingFrame, NextAction, SendQueue},
        },
        socket_budgets::SocketSlots,
    },
    state::RoomsState,
};

/// The size of the read buffer, in bytes.
const READ_BUFFER: usize = 8 * 1024;

type Connection = ClientStream<TokioIo<Upgraded>>;
type Socket = WebSocketStream<Connection>;

/// Handles a client's socket until its connection ends.
pub(crate) async fn run(state: Arc<RoomsState>, connection: Connection, mut slots: SocketSlots) {
    let limits = state.settings.sockets;
    let send_queue = SendQueue::new(limits.queued_bytes, limits.queued_group_bytes);
    let progress = connection.last_taken();
    let mut socket = websocket(connection, MAX_JOIN).await;
    let joined = await_join(&state, &mut socket, &send_queue, &mut slots).await;
    let (membership, refused) = match joined {
        Ok(membership) => (membership, Ok(())),
        Err(end) => (None, Err(end)),
    };
    let was_evicted = refused == Err(Some(Refusal::Evicted));
    slots.end(membership.is_some());
    if membership.is_some() {
        let mut connection = socket.into_inner();
        connection.lift_limit();
        socket = websocket(connection, MAX_LARGE_MESSAGE).await;
    }
    // The lines of a client that has joined belong to its call.
    let call = membership.as_ref().map(|membership| &membership.call);
    let span = call.map_or_else(Span::none, |call| call.span.clone());
    let (sink, mut stream) = socket.split();
    let session = async {
        let reading = async {
            let mut reader = Reader::new(&mut stream);
            let ended = match &membership {
                Some(membership) => {
                    serve_messages(&state, &mut reader, membership, &send_queue).await
                }
                None => refused,
            };
            if let Err(refusal) = ended {
                refuse(&send_queue, refusal);
            }
            linger(&mut stream, ended).await;
        };
        let mut reading = pin!(reading);
        tokio::select! {
            // A socket that was closed for another gives its room up at once: others may be waiting
            // for it.
            closed = write(sink, &send_queue, &progress, &limits) => if closed && !was_evicted {
                // A connection that is dropped with unread bytes loses the messages that were sent
                // last, so that the client has to close it first. Until then the socket counts, and
                // can be closed for another.
                tokio::select! {
                    _ = timeout(limits.closing_timeout, reading) => {}
                    () = slots.evicted() => {}
                }
            },
            // The client has disconnected.
            () = &mut reading => {}
            () = slots.evicted() => {}
        }
    };
    session.instrument(span).await;
    if let Some(Membership {
        call, connection, ..
    }) = membership
    {
        call.send(CallMessage::Disconnected(connection)).await;
    }
}

/// The reason why this side ends a session; `None` when there is nothing left to send.
type SessionEnd = Option<Refusal>;

/// Returns a WebSocket whose messages have at most `max_message` bytes.
async fn websocket(connection: Connection, max_message: usize) -> Socket {
    let config = WebSocketConfig::default()
        .max_message_size(Some(max_message))
        .max_frame_size(Some(max_message))
        // Every socket allocates one from its opening on, so that a small one keeps half-open
        // sockets cheap.
        .read_buffer_size(READ_BUFFER)
        // Sends every message at once. Messages wait in the send queue, which counts them.
        .write_buffer_size(0);
    WebSocketStream::from_raw_socket(connection, SocketRole::Server, Some(config)).await
}

fn refuse(send_queue: &SendQueue, refusal: SessionEnd) {
    if let Some(refusal) = refusal {
        // A refusal is no roster, so that its outcome needs no handling.
        let _ = send_queue.push(OutboundMessage::error(refusal.code(), refusal.message()));
        if let Some(closing) = refusal.closing() {
            send_queue.close(closing);
        }
    }
}

/// Reads the `join` and takes the client into the call. Returns `None` if the client is redirected.
async fn await_join(
    state: &RoomsState,
    socket: &mut Socket,
    send_queue: &SendQueue,
    slots: &mut SocketSlots,
) -> Result<Option<Membership>, SessionEnd> {
    let mut reader = Reader::before_join(socket);
    let limits = state.settings.sockets;
    let first = tokio::select! {
        first = timeout(limits.join_timeout, reader.next()) => first,
        () = slots.evicted() => return Err(Some(Refusal::Evicted)),
        () = state.calls.closing() => return Err(Some(Refusal::ShuttingDown)),
    };
    let InboundMessage { kind, content, .. } = match first {
        Err(_) => return Err(Some(Refusal::JoinTimeout)),
        Ok(Err(PeerClosed)) => return Err(None),
        Ok(Ok(message)) => message,
    };
    slots.begin();
    // An operation that is dropped without an end counts as refused.
    let operation = state.operations.start(kind);
    let request = match content {
        Ok(InboundContent::Join(request)) => request,
        Err(refusal) if refusal.closing().is_some() => return Err(Some(refusal)),
        Ok(InboundContent::Command(_)) | Err(_) => return Err(Some(Refusal::NotJoined)),
    };
    slots
        .join(&state.sockets)
        .map_err(|_| Some(Refusal::Overloaded))?;
    let connection = state.connection();
    let joined = join(state, *request, slots.client, connection, send_queue).await;
    let outcome = match &joined {
        Ok((_, outcome)) => *outcome,
        Err(refusal) => refusal.outcome(),
    };
    end(operation, outcome);
    joined.map(|(membership, _)| membership).map_err(Some)
}

fn end(operation: Option<RunningOperation>, outcome: OperationOutcome) {
    if let Some(operation) = operation {
        operation.end(outcome);
    }
}

impl Membership {
    /// Gives the call a command of the client. Returns whether the call still accepts messages.
    async fn send_command(
        &self,
        command: Command,
        operation: Option<RunningOperation>,
        is_large: bool,
        send_queue: &SendQueue,
    ) -> bool {
        // Another node may have revoked the link since the call last read it.
        let activates = matches!(
            command,
            Command::Approve { .. }
                | Command::Approval { is_on: false }
                | Command::Lock { is_locked: false }
        );
        // A guest's command, which the call refuses, costs no look-up.
        if activates
            && self.call.is_admin(self.connection).await
            && !self.refresh_link(operation.as_ref()).await
        {
            let refusal = Refusal::LinkUnavailable;
            refuse(send_queue, Some(refusal));
            // The failure is no failure of the service if the call has just ended.
            if self.call.is_open() {
                end(operation, refusal.outcome());
            }
            return true;
        }
        // The next message of a client waits until the call has handled a large one, so that each client has one
        // such message in the inbox.
        let (is_handled, handled) = oneshot::channel();
        let message = CallMessage::Command {
            connection: self.connection,
            command,
            operation,
            is_handled: is_large.then_some(is_handled),
        };
        let is_open = self.call.send(message).await;
        if is_large {
            let _dropped = handled.await;
        }
        is_open
    }

    /// Lets the call read its link, as part of the operation. Returns whether the link could be
    /// read.
    async fn refresh_link(&self, operation: Option<&RunningOperation>) -> bool {
        let refresh = dependency_wait(self.call.refresh_link());
        match operation {
            Some(operation) => operation.run(refresh).await,
            None => refresh.await,
        }
    }
}

/// Handles the messages of a client that has joined.
async fn serve_messages(
    state: &RoomsState,
    reader: &mut Reader<'_>,
    membership: &Membership,
    send_queue: &SendQueue,
) -> Result<(), SessionEnd> {
    loop {
        let received = tokio::select! {
            received = async { send_queue.has_room().await; reader.next().await } => received,
            // The call has closed the connection, so that further messages have no effect.
            () = send_queue.closed() => return Ok(()),
        };
        let Ok(InboundMessage {
            kind,
            content,
            is_large,
        }) = received
        else {
            return Err(None);
        };
        // An operation that is dropped without an end counts as refused.
        let operation = state.operations.start(kind);
        match content {
            Ok(InboundContent::Command(command)) => {
                if !membership
                    .send_command(command, operation, is_large, send_queue)
                    .await
                {
                    return Ok(());
                }
            }
            Ok(InboundContent::Join(_)) => {
                let error = anteroom_call::Message::Error(anteroom_call::ErrorCode::AlreadyJoined);
                let _ = send_queue.push(OutboundMessage::of_call(&error));
            }
            Err(refusal) if refusal.closing().is_some() => return Err(Some(refusal)),
            Err(refusal) => refuse(send_queue, Some(refusal)),
        }
    }
}

/// Sends the queued messages until the connection is closed. Returns whether the closing frame was
/// sent.
///
/// Closes the connection of a client that takes no byte for the whole stall timeout. A client that
/// reads slowly stays connected and gets fewer messages.
async fn write(
    mut sink: SplitSink<Socket, Message>,
    send_queue: &SendQueue,
    progress: &WriteProgress,
    limits: &SocketLimits,
) -> bool {
    loop {
        let message = match send_queue.next().await {
            NextAction::Send(text) => match Utf8Bytes::try_from(text) {
                Ok(text) => Message::Text(text),
                // Queued messages are JSON.
                Err(_) => return false,
            },
            NextAction::Close(ClosingFrame { code, words }) => {
                let frame = CloseFrame {
                    code: code.into(),
                    reason: words.into(),
                };
                let close = sink.send(Message::Close(Some(frame)));
                let closed = timeout(limits.closing_timeout, close).await;
                return matches!(closed, Ok(Ok(())));
            }
        };
        let sent = tokio::select! {
            sent = sink.send(message) => sent.is_ok(),
            () = progress.stalled(limits.stall_timeout) => {
                tracing::info!("a client that took nothing for too long was cut off");
                false
            }
            // A client that reads nothing delays the end by at most this time.
            () = async {
                send_queue.closed().await;
                sleep(limits.closing_timeout).await;
            } => false,
        };
        if !sent {
            return false;
        }
    }
}

/// Reads and ignores messages until the client has disconnected. Never completes after a message
/// that was too large, because nothing more can be read then.
async fn linger(stream: &mut SplitStream<Socket>, ended: Result<(), SessionEnd>) {
    if ended == Err(Some(Refusal::TooLarge)) {
        std::future::pending::<()>().await;
    }
    while let Some(Ok(_)) = stream.next().await {}
}
