//! One client's socket, from its opening to its end.

use std::{
    pin::pin,
    sync::{Arc, OnceLock},
    time::Duration,
};

use anteroom_call::{
    Command, ConnectionId, Join, JoinRandomness, OpaqueUserId, ResumeSecret, Role,
};
use anteroom_protocol::{AuthPresentation, UidCiphertext};
use anteroom_service::Admission;
use anteroom_store::{CallLinkRecord, Epoch, LinkAddress, TransactionName};
use axum::{
    Error,
    extract::ws::{CloseFrame, Message, WebSocket},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures::{
    SinkExt as _, Stream, StreamExt as _,
    stream::{SplitSink, SplitStream},
};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::{
    inbound::{Inbound, JoinRequest},
    outbound::Outbound,
    outbox::{Closing, Next, Outbox},
    refusal::Refusal,
    throttle::Throttle,
};
use crate::{
    calls::{Handle, Taken, ToCall},
    room_headers::parse_room,
    rooms::Core,
};

/// How long the last messages and the closing handshake may take.
const FAREWELL: Duration = Duration::from_secs(5);
/// How often a join is tried whose call ends under its hands.
const ATTEMPTS: usize = 3;

/// Serves a client until its connection ends.
pub(crate) async fn run(core: Arc<Core>, socket: WebSocket) {
    let outbox = Outbox::new(core.settings.sockets.queued_bytes);
    let (sink, mut stream) = socket.split();
    let joined = OnceLock::new();
    {
        let reading = async {
            let mut reader = Reader {
                stream: &mut stream,
                throttle: Throttle::new(),
            };
            let ended = converse(&core, &mut reader, &outbox, &joined).await;
            if let Err(refusal) = ended {
                refuse(&outbox, refusal);
            }
            linger(&mut stream, ended).await;
        };
        let mut reading = pin!(reading);
        tokio::select! {
            closed = write(sink, &outbox) => if closed {
                // A connection that is dropped with bytes unread takes what was sent last with it:
                // the peer hangs up first.
                let _ = timeout(FAREWELL, reading).await;
            },
            () = outbox.cut_off() => tracing::info!("a slow reader was cut off"),
            // The peer has gone.
            () = &mut reading => {}
        }
    }
    if let Some((call, connection)) = joined.into_inner() {
        call.send(ToCall::Disconnected { connection }).await;
    }
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
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                Some(Err(error)) if is_too_large(&error) => Ok(Err(Refusal::TooLarge)),
                Some(Ok(Message::Close(_)) | Err(_)) | None => Err(Gone),
            };
        }
    }
}

/// The library says it in words only.
fn is_too_large(error: &Error) -> bool {
    error.to_string().contains("too long")
}

fn refuse(outbox: &Outbox, refusal: Refused) {
    if let Some(refusal) = refusal {
        let Outbound { text, kind } = Outbound::of_refusal(refusal);
        outbox.push(text, kind);
        if let Some(closing) = refusal.closing() {
            outbox.close(closing);
        }
    }
}

/// From the join to the last message.
async fn converse(
    core: &Arc<Core>,
    reader: &mut Reader<'_>,
    outbox: &Outbox,
    joined: &OnceLock<(Handle, ConnectionId)>,
) -> Result<(), Refused> {
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
    match enter(core, *request, connection, outbox).await? {
        Entered::Call { call, is_admin } => {
            let (call, _) = joined.get_or_init(|| (call, connection));
            let place = Place {
                call,
                connection,
                is_admin,
            };
            talk(reader, &place, outbox).await
        }
        Entered::Redirected => Ok(()),
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
            said = reader.next() => said,
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
                let Outbound { text, kind } = Outbound::of_call(&error);
                outbox.push(text, kind);
            }
            Ok(Err(refusal)) if refusal.closing().is_some() => return Err(Some(refusal)),
            Ok(Err(refusal)) => refuse(outbox, Some(refusal)),
        }
    }
}

enum Entered {
    Call { call: Handle, is_admin: bool },
    Redirected,
}

/// A join that has been checked.
struct Checked {
    address: LinkAddress,
    user: OpaqueUserId,
    role: Role,
}

/// Checks a join and gives it to the call.
async fn enter(
    core: &Arc<Core>,
    request: JoinRequest,
    connection: ConnectionId,
    outbox: &Outbox,
) -> Result<Entered, Refused> {
    let resume = request.resume.as_deref().and_then(resume_secret);
    let checked = check(core, request).await.map_err(Some)?;
    for _ in 0..ATTEMPTS {
        let call = core
            .calls
            .enter(core, &checked.address)
            .await
            .map_err(|_| Some(Refusal::Unavailable))?;
        let join = Join {
            connection,
            user: checked.user.clone(),
            role: checked.role,
            resume: resume.clone(),
            randomness: JoinRandomness::random(&mut *core.entropy.rng()),
        };
        // Another node may have revoked the link since the call has last heard of it.
        let taken = match call.look().await {
            true => call.join(join, outbox.clone()).await,
            false if call.is_open() => Some(Taken::Unavailable),
            false => None,
        };
        match taken {
            Some(Taken::Here { is_admin }) => return Ok(Entered::Call { call, is_admin }),
            Some(Taken::Elsewhere(node)) => {
                outbox.redirect(&node.socket_url());
                return Ok(Entered::Redirected);
            }
            Some(Taken::UnknownLink) => return Err(Some(Refusal::UnknownLink)),
            Some(Taken::Closed) => return Err(Some(Refusal::Expired)),
            Some(Taken::Unavailable) => return Err(Some(Refusal::Unavailable)),
            None => call.finished().await,
        }
    }
    Err(Some(Refusal::Unavailable))
}

/// Looks the link up, verifies the presentation and counts the join.
async fn check(core: &Core, request: JoinRequest) -> Result<Checked, Refusal> {
    let address = LinkAddress {
        room: parse_room(&request.room_id).ok_or(Refusal::Invalid)?,
        epoch: request.epoch.map(Epoch::new),
    };
    let auth = STANDARD
        .decode(&request.auth)
        .map_err(|_| Refusal::Invalid)?;
    let presentation = AuthPresentation::from_bytes(&auth).map_err(|_| Refusal::Invalid)?;
    let user = OpaqueUserId::of_ciphertext(&presentation.user_id());
    let link = link(core, &address).await?.ok_or(Refusal::UnknownLink)?;
    if !core.holds(&presentation, &link).await {
        return Err(Refusal::Forbidden);
    }
    let key = core
        .pseudonymizer
        .room_limit_key("join", UidCiphertext::user_digits(user.as_str()));
    let size = core.settings.sockets.joins;
    match core.limiter.take(&key, size, core.now()).await {
        Admission::Granted => {}
        Admission::Limited(_) => return Err(Refusal::RateLimited),
    }
    let keys = core.database.service_keys();
    let is_admin = request.admin_passkey.is_some_and(|passkey| {
        let hash = keys.passkey_hash(&address.room, passkey.as_bytes());
        link.passkey_hash.matches(&hash)
    });
    Ok(Checked {
        address,
        user,
        role: if is_admin { Role::Admin } else { Role::Guest },
    })
}

async fn link(core: &Core, address: &LinkAddress) -> Result<Option<CallLinkRecord>, Refusal> {
    const NAME: TransactionName = TransactionName::new("look at link");
    let found = core.look_up(NAME, address).await;
    let found = found.map_err(|_| Refusal::Unavailable)?;
    Ok(found.map(|found| found.link))
}

fn resume_secret(text: &str) -> Option<ResumeSecret> {
    let bytes = Zeroizing::new(STANDARD.decode(text).ok()?);
    let bytes: &[u8; 32] = bytes.as_slice().try_into().ok()?;
    Some(ResumeSecret::from_bytes(*bytes))
}

/// Sends what waits, until the connection is closed; says whether the closing frame was sent.
async fn write(mut sink: SplitSink<WebSocket, Message>, outbox: &Outbox) -> bool {
    loop {
        let message = match outbox.next().await {
            Next::Send(text) => Message::Text(text),
            Next::Close(Closing { code, words }) => {
                let frame = CloseFrame {
                    code,
                    reason: words.into(),
                };
                let closed = timeout(FAREWELL, sink.send(Message::Close(Some(frame)))).await;
                return matches!(closed, Ok(Ok(())));
            }
        };
        let sent = tokio::select! {
            sent = sink.send(message) => sent.is_ok(),
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
async fn linger(stream: &mut SplitStream<WebSocket>, ended: Result<(), Refused>) {
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
