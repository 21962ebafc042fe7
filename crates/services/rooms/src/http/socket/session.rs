//! One client's socket, from its opening to its end.

use std::{
    pin::pin,
    sync::{Arc, OnceLock},
    time::Duration,
};

use anteroom_call::{Command, ConnectionId};
use anteroom_runtime::{OperationOutcome, RunningOperation, dependency_wait};
use futures::{
    SinkExt as _, StreamExt as _,
    stream::{SplitSink, SplitStream},
};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::time::timeout;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message, Utf8Bytes,
        protocol::{CloseFrame, Role as SocketRole, WebSocketConfig},
    },
};
use tracing::{Instrument as _, Span};

use super::{
    budgets::SocketSlots,
    inbound::{InboundContent, InboundMessage, MAX_FIRST_MESSAGE, MAX_MESSAGE},
    joining::{JoinOutcome, enter, outcome_of_join},
    reader::{PeerClosed, Reader},
    refusal::Refusal,
    stream::{ClientStream, WriteProgress},
};
use crate::{
    SocketLimits,
    domain::calls::{
        handle::CallHandle,
        messages::CallMessage,
        outbound::OutboundMessage,
        send_queue::{ClosingFrame, NextAction, SendQueue},
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
    let send_queue = SendQueue::new(limits.queued_bytes);
    let progress = connection.last_taken();
    let mut socket = open(connection, MAX_FIRST_MESSAGE).await;
    let joined = OnceLock::new();
    let entered = await_join(&state, &mut socket, &send_queue, &joined, &mut slots).await;
    let has_given_way = matches!(entered, Err(Some(Refusal::GivenWay)));
    slots.end(joined.get().is_some());
    if let Ok(JoinOutcome::Call { .. }) = &entered {
        let mut connection = socket.into_inner();
        connection.open();
        socket = open(connection, MAX_MESSAGE).await;
    }
    // The lines of a client that has joined belong to its call.
    let span = match joined.get() {
        Some((call, _)) => call.span().clone(),
        None => Span::none(),
    };
    let (sink, mut stream) = socket.split();
    let session = async {
        let reading = async {
            let mut reader = Reader::new(&mut stream);
            let ended = serve_session(&state, &mut reader, entered, &send_queue, &joined).await;
            if let Err(refusal) = ended {
                refuse(&send_queue, refusal);
            }
            linger(&mut stream, ended).await;
        };
        let mut reading = pin!(reading);
        tokio::select! {
            // A socket that was closed for another gives its room up at once: others may be waiting
            // for it.
            closed = write(sink, &send_queue, &progress, &limits) => if closed && !has_given_way {
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
    if let Some((call, connection)) = joined.into_inner() {
        call.send(CallMessage::Disconnected(connection)).await;
    }
}

/// The reason why this side ends a session; `None` when there is nothing left to send.
type SessionEnd = Option<Refusal>;

/// Opens a WebSocket whose messages have at most `max_message` bytes.
async fn open(connection: Connection, max_message: usize) -> Socket {
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

/// Reads the `join` and takes the client into the call.
async fn await_join(
    state: &Arc<RoomsState>,
    socket: &mut Socket,
    send_queue: &SendQueue,
    joined: &OnceLock<(CallHandle, ConnectionId)>,
    slots: &mut SocketSlots,
) -> Result<JoinOutcome, SessionEnd> {
    let mut reader = Reader::new(socket);
    let limits = state.settings.sockets;
    let first = tokio::select! {
        first = timeout(limits.join_timeout, reader.next()) => first,
        () = slots.evicted() => return Err(Some(Refusal::GivenWay)),
        () = state.calls.closing() => return Err(Some(Refusal::ShuttingDown)),
    };
    let InboundMessage { kind, content } = match first {
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
    let entered = enter(state, *request, slots.client(), connection, send_queue).await;
    end(operation, outcome_of_join(&entered));
    if let Ok(JoinOutcome::Call { call, .. }) = &entered {
        joined.get_or_init(|| (call.clone(), connection));
    }
    entered.map_err(Some)
}

/// Handles the messages from the answer to the `join` to the end.
async fn serve_session(
    state: &RoomsState,
    reader: &mut Reader<'_>,
    entered: Result<JoinOutcome, SessionEnd>,
    send_queue: &SendQueue,
    joined: &OnceLock<(CallHandle, ConnectionId)>,
) -> Result<(), SessionEnd> {
    match (entered?, joined.get()) {
        (JoinOutcome::Call { is_admin, .. }, Some((call, connection))) => {
            let membership = Membership {
                state,
                call,
                connection: *connection,
                is_admin,
            };
            serve_messages(reader, &membership, send_queue).await
        }
        _ => Ok(()),
    }
}

fn end(operation: Option<RunningOperation>, outcome: OperationOutcome) {
    if let Some(operation) = operation {
        operation.end(outcome);
    }
}

/// The membership of a client in a call.
struct Membership<'a> {
    state: &'a RoomsState,
    call: &'a CallHandle,
    connection: ConnectionId,
    is_admin: bool,
}

impl Membership<'_> {
    /// Gives the call a command of the client. Returns whether the call still accepts messages.
    async fn send_command(
        &self,
        command: Command,
        operation: Option<RunningOperation>,
        send_queue: &SendQueue,
    ) -> bool {
        // Another node may have revoked the link since the call last read it.
        let lets_in = self.is_admin && matches!(command, Command::Approve(_));
        if lets_in && !self.look(operation.as_ref()).await {
            let refusal = Refusal::ApproveUnavailable;
            refuse(send_queue, Some(refusal));
            // The failure is no failure of the service if the call has just ended.
            if self.call.is_open() {
                end(operation, refusal.outcome());
            }
            return true;
        }
        let message = CallMessage::Command {
            connection: self.connection,
            command,
            operation,
        };
        self.call.send(message).await
    }

    /// Lets the call read its link, as part of the operation. Returns whether the link could be
    /// read.
    async fn look(&self, operation: Option<&RunningOperation>) -> bool {
        let look = dependency_wait(self.call.look());
        match operation {
            Some(operation) => operation.run(look).await,
            None => look.await,
        }
    }
}

/// Handles the messages of a client that has joined.
async fn serve_messages(
    reader: &mut Reader<'_>,
    membership: &Membership<'_>,
    send_queue: &SendQueue,
) -> Result<(), SessionEnd> {
    loop {
        let received = tokio::select! {
            received = async { send_queue.has_room().await; reader.next().await } => received,
            // The call has closed the connection, so that further messages have no effect.
            () = send_queue.closed() => return Ok(()),
        };
        let Ok(InboundMessage { kind, content }) = received else {
            return Err(None);
        };
        // An operation that is dropped without an end counts as refused.
        let operation = membership.state.operations.start(kind);
        match content {
            Ok(InboundContent::Command(command)) => {
                if !membership
                    .send_command(command, operation, send_queue)
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
                let closed = timeout(
                    limits.closing_timeout,
                    sink.send(Message::Close(Some(frame))),
                )
                .await;
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
            () = closing_timeout(send_queue, limits.closing_timeout) => false,
        };
        if !sent {
            return false;
        }
    }
}

/// Completes when the closing of the connection has taken longer than `limit`.
async fn closing_timeout(send_queue: &SendQueue, limit: Duration) {
    send_queue.closed().await;
    tokio::time::sleep(limit).await;
}

/// Reads and ignores messages until the client has disconnected. Never completes after a message
/// that was too large, because nothing more can be read then.
async fn linger(stream: &mut SplitStream<Socket>, ended: Result<(), SessionEnd>) {
    if ended == Err(Some(Refusal::TooLarge)) {
        std::future::pending::<()>().await;
    }
    while let Some(Ok(_)) = stream.next().await {}
}
