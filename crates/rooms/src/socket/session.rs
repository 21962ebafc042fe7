//! One client's socket, from its opening to its end.

use std::{
    pin::pin,
    sync::{Arc, OnceLock},
    time::Duration,
};

use anteroom_call::{Command, ConnectionId};
use futures::{
    SinkExt as _, Stream, StreamExt as _,
    stream::{SplitSink, SplitStream},
};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::time::timeout;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message,
        error::CapacityError,
        protocol::{CloseFrame, Role as Side, WebSocketConfig},
    },
};

use super::{
    inbound::{Inbound, MAX_FIRST_MESSAGE, MAX_MESSAGE},
    joining::{Entered, enter},
    outbound::Outbound,
    outbox::{Closing, Next, Outbox},
    refusal::Refusal,
    stream::{ClientStream, WriteProgress},
    throttle::Throttle,
};
use crate::{
    calls::{Handle, ToCall},
    rooms::Core,
};

/// How long the last messages and the closing handshake may take.
const FAREWELL: Duration = Duration::from_secs(5);
/// Bytes that are read at once.
const READ_BUFFER: usize = 8 * 1024;

/// A client's connection.
type Connection = ClientStream<TokioIo<Upgraded>>;
type Socket = WebSocketStream<Connection>;

/// Serves a client until its connection ends.
pub(crate) async fn run(core: Arc<Core>, connection: Connection) {
    let limits = core.settings.sockets;
    let outbox = Outbox::new(limits.queued_bytes);
    let taken = connection.last_taken();
    let mut socket = open(connection, MAX_FIRST_MESSAGE).await;
    let joined = OnceLock::new();
    let entered = greet(&core, &mut socket, &outbox, &joined).await;
    if let Ok(Entered::Call { .. }) = &entered {
        let mut connection = socket.into_inner();
        connection.open();
        socket = open(connection, MAX_MESSAGE).await;
    }
    let (sink, mut stream) = socket.split();
    {
        let reading = async {
            let mut reader = Reader {
                stream: &mut stream,
                throttle: Throttle::new(),
            };
            let ended = converse(&mut reader, entered, &outbox, &joined).await;
            if let Err(refusal) = ended {
                refuse(&outbox, refusal);
            }
            linger(&mut stream, ended).await;
        };
        let mut reading = pin!(reading);
        tokio::select! {
            closed = write(sink, &outbox, &taken, limits.stall_timeout) => if closed {
                // A connection that is dropped with bytes unread takes what was sent last with it:
                // the peer hangs up first.
                let _ = timeout(FAREWELL, reading).await;
            },
            // The peer has gone.
            () = &mut reading => {}
        }
    }
    if let Some((call, connection)) = joined.into_inner() {
        call.send(ToCall::Disconnected { connection }).await;
    }
}

/// A socket whose messages have at most this many bytes.
async fn open(connection: Connection, max_message: usize) -> Socket {
    let config = WebSocketConfig::default()
        .max_message_size(Some(max_message))
        .max_frame_size(Some(max_message))
        // One for each socket, from the start: half-open ones are to be cheap.
        .read_buffer_size(READ_BUFFER)
        // What is sent goes out at once: what waits, waits in the outbox, which is counted.
        .write_buffer_size(0);
    WebSocketStream::from_raw_socket(connection, Side::Server, Some(config)).await
}

/// A message or the end of the conversation: the peer has gone.
struct Gone;

/// Why a conversation ends from this side; `None` when there is nothing more to say.
type Refused = Option<Refusal>;

struct Reader<'a> {
    stream: &'a mut (dyn Stream<Item = Result<Message, Error>> + Send + Unpin),
    throttle: Throttle,
}

impl Reader<'_> {
    /// The next message of the client.
    async fn next(&mut self) -> Result<Result<Inbound, Refusal>, Gone> {
        loop {
            self.throttle.turn().await;
            return match self.stream.next().await {
                Some(Ok(Message::Text(text))) => Ok(Inbound::parse(&text)),
                Some(Ok(Message::Binary(_))) => Ok(Err(Refusal::Binary)),
                // Answered below this layer.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                Some(Err(error)) if is_too_large(&error) => Ok(Err(Refusal::TooLarge)),
                Some(Ok(Message::Close(_)) | Err(_)) | None => Err(Gone),
            };
        }
    }
}

const fn is_too_large(error: &Error) -> bool {
    matches!(error, Error::Capacity(CapacityError::MessageTooLong { .. }))
}

fn refuse(outbox: &Outbox, refusal: Refused) {
    if let Some(refusal) = refusal {
        // No roster, that could be missed.
        let _ = outbox.push(Outbound::of_refusal(refusal));
        if let Some(closing) = refusal.closing() {
            outbox.close(closing);
        }
    }
}

/// Reads the join and takes the client into the call.
async fn greet(
    core: &Arc<Core>,
    socket: &mut Socket,
    outbox: &Outbox,
    joined: &OnceLock<(Handle, ConnectionId)>,
) -> Result<Entered, Refused> {
    let mut reader = Reader {
        stream: socket,
        throttle: Throttle::new(),
    };
    let limits = core.settings.sockets;
    let first = tokio::select! {
        first = timeout(limits.join_timeout, reader.next()) => first,
        () = core.calls.closing() => return Err(Some(Refusal::ShuttingDown)),
    };
    let request = match first {
        Err(_) => return Err(Some(Refusal::JoinTimeout)),
        Ok(Err(Gone)) => return Err(None),
        Ok(Ok(Err(refusal))) if refusal.closing().is_some() => return Err(Some(refusal)),
        Ok(Ok(Err(_) | Ok(Inbound::Command(_)))) => return Err(Some(Refusal::NotJoined)),
        Ok(Ok(Ok(Inbound::Join(request)))) => request,
    };
    let connection = core.connection();
    let entered = enter(core, *request, connection, outbox).await?;
    if let Entered::Call { call, .. } = &entered {
        joined.get_or_init(|| (call.clone(), connection));
    }
    Ok(entered)
}

/// From the answer to the join to the last message.
async fn converse(
    reader: &mut Reader<'_>,
    entered: Result<Entered, Refused>,
    outbox: &Outbox,
    joined: &OnceLock<(Handle, ConnectionId)>,
) -> Result<(), Refused> {
    match (entered?, joined.get()) {
        (Entered::Call { is_admin, .. }, Some((call, connection))) => {
            let place = Place {
                call,
                connection: *connection,
                is_admin,
            };
            talk(reader, &place, outbox).await
        }
        _ => Ok(()),
    }
}

/// Where a client is.
struct Place<'a> {
    call: &'a Handle,
    connection: ConnectionId,
    is_admin: bool,
}

impl Place<'_> {
    /// Gives the call what the client says; says whether the call still takes messages.
    async fn say(&self, command: Command, outbox: &Outbox) -> bool {
        // Another node may have revoked the link since the call has last heard of it.
        let lets_in = self.is_admin && matches!(command, Command::Approve(_));
        if lets_in && !self.call.look().await {
            refuse(outbox, Some(Refusal::ApproveUnavailable));
            return true;
        }
        let message = ToCall::Command {
            connection: self.connection,
            command,
        };
        self.call.send(message).await
    }
}

/// What a client says once it has joined.
async fn talk(reader: &mut Reader<'_>, place: &Place<'_>, outbox: &Outbox) -> Result<(), Refused> {
    loop {
        let said = tokio::select! {
            said = async { outbox.has_room().await; reader.next().await } => said,
            // The call has closed the connection: what else is said is no matter.
            () = outbox.closed() => return Ok(()),
        };
        match said {
            Err(Gone) => return Err(None),
            Ok(Ok(Inbound::Command(command))) => {
                if !place.say(command, outbox).await {
                    return Ok(());
                }
            }
            Ok(Ok(Inbound::Join(_))) => {
                let code = anteroom_call::ErrorCode::AlreadyJoined;
                let error = anteroom_call::Message::Error(code);
                let _ = outbox.push(Outbound::of_call(&error));
            }
            Ok(Err(refusal)) if refusal.closing().is_some() => return Err(Some(refusal)),
            Ok(Err(refusal)) => refuse(outbox, Some(refusal)),
        }
    }
}

/// Sends what waits, until the connection is closed; says whether the closing frame was sent.
///
/// Only a peer that takes no byte for the whole of `stall_timeout` is cut off: one that reads slowly
/// gets less.
async fn write(
    mut sink: SplitSink<Socket, Message>,
    outbox: &Outbox,
    taken: &WriteProgress,
    stall_timeout: Duration,
) -> bool {
    loop {
        let message = match outbox.next().await {
            Next::Send(text) => Message::Text(text),
            Next::Close(Closing { code, words }) => {
                let frame = CloseFrame {
                    code: code.into(),
                    reason: words.into(),
                };
                let closed = timeout(FAREWELL, sink.send(Message::Close(Some(frame)))).await;
                return matches!(closed, Ok(Ok(())));
            }
        };
        let sent = tokio::select! {
            sent = sink.send(message) => sent.is_ok(),
            () = taken.stalled(stall_timeout) => {
                tracing::info!("a client that took nothing for too long was cut off");
                false
            }
            // A peer that reads nothing holds the end up no longer than this.
            () = farewell(outbox) => false,
        };
        if !sent {
            return false;
        }
    }
}

async fn farewell(outbox: &Outbox) {
    outbox.closed().await;
    tokio::time::sleep(FAREWELL).await;
}

/// Reads on without listening until the peer has gone. After a message that was too large nothing
/// more can be read: then this does not complete.
async fn linger(stream: &mut SplitStream<Socket>, ended: Result<(), Refused>) {
    if ended == Err(Some(Refusal::TooLarge)) {
        std::future::pending::<()>().await;
    }
    while let Some(Ok(_)) = stream.next().await {}
}

#[cfg(test)]
mod tests {
    use futures::stream;
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_sends_without_end_is_read_slowly() {
        // Pings are answered below this layer, but read here.
        let ping = r#"{"type": "ping"}"#;
        let messages = [Message::text(ping), Message::Ping(ping.into())];
        let sent = messages.into_iter().cycle().map(Ok).take(24_000);
        let mut reader = Reader {
            stream: &mut stream::iter(sent),
            throttle: Throttle::new(),
        };
        let start = Instant::now();
        while let Ok(message) = reader.next().await {
            assert!(message.is_ok());
        }
        // After the first 10 000 there are 2 000 a second.
        let elapsed = start.elapsed().as_secs_f64();
        assert!((6.9..7.1).contains(&elapsed), "{elapsed}");
    }
}
