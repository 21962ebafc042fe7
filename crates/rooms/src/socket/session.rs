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
use anteroom_service::{Admission, OperationOutcome, RunningOperation};
use anteroom_store::{CallLinkRecord, Epoch, LinkAddress, TransactionName};
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures::{
    SinkExt as _, StreamExt as _,
    stream::{SplitSink, SplitStream},
};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::{
    inbound::{Inbound, InboundMessage, JoinRequest},
    outbound::Outbound,
    outbox::{Closing, Next, Outbox},
    reader::{Gone, Reader},
    refusal::Refusal,
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
            let mut reader = Reader::new(&mut stream);
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

/// Why a conversation ends from this side; `None` when there is nothing more to say.
type Refused = Option<Refusal>;

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
    let InboundMessage { kind, content } = match first {
        Err(_) => return Err(Some(Refusal::JoinTimeout)),
        Ok(Err(Gone)) => return Err(None),
        Ok(Ok(message)) => message,
    };
    // Refused if it is not ended.
    let operation = kind.map(|kind| core.operations.start(kind));
    let request = match content {
        Ok(Inbound::Join(request)) => request,
        Err(refusal) if refusal.closing().is_some() => return Err(Some(refusal)),
        Ok(Inbound::Command(_)) | Err(_) => return Err(Some(Refusal::NotJoined)),
    };
    let connection = core.connection();
    let entered = enter(core, *request, connection, outbox).await;
    end(operation, outcome_of_join(&entered));
    match entered? {
        Entered::Call { call, is_admin, .. } => {
            let (call, _) = joined.get_or_init(|| (call, connection));
            let place = Place {
                core,
                call,
                connection,
                is_admin,
            };
            talk(reader, &place, outbox).await
        }
        Entered::Redirected => Ok(()),
    }
}

fn end(operation: Option<RunningOperation>, outcome: OperationOutcome) {
    if let Some(operation) = operation {
        operation.end(outcome);
    }
}

/// Where a client is.
struct Place<'a> {
    core: &'a Core,
    call: &'a Handle,
    connection: ConnectionId,
    is_admin: bool,
}

impl Place<'_> {
    /// Gives the call what the client says; says whether the call still takes messages.
    async fn say(
        &self,
        command: Command,
        operation: Option<RunningOperation>,
        outbox: &Outbox,
    ) -> bool {
        // Another node may have revoked the link since the call has last heard of it.
        let lets_in = self.is_admin && matches!(command, Command::Approve(_));
        if lets_in && !self.call.look().await {
            let refusal = Refusal::ApproveUnavailable;
            refuse(outbox, Some(refusal));
            // A call that has just ended is no failure.
            if self.call.is_open() {
                end(operation, refusal.outcome());
            }
            return true;
        }
        let message = ToCall::Command {
            connection: self.connection,
            command,
            operation,
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
        let Ok(InboundMessage { kind, content }) = said else {
            return Err(None);
        };
        // Refused if it is not ended.
        let operation = kind.map(|kind| place.core.operations.start(kind));
        match content {
            Ok(Inbound::Command(command)) => {
                if !place.say(command, operation, outbox).await {
                    return Ok(());
                }
            }
            Ok(Inbound::Join(_)) => {
                let error = anteroom_call::Message::Error(anteroom_call::ErrorCode::AlreadyJoined);
                let Outbound { text, kind } = Outbound::of_call(&error);
                outbox.push(text, kind);
            }
            Err(refusal) if refusal.closing().is_some() => return Err(Some(refusal)),
            Err(refusal) => refuse(outbox, Some(refusal)),
        }
    }
}

enum Entered {
    Call {
        call: Handle,
        is_admin: bool,
        outcome: OperationOutcome,
    },
    Redirected,
}

fn outcome_of_join(entered: &Result<Entered, Refused>) -> OperationOutcome {
    match entered {
        Ok(Entered::Call { outcome, .. }) => *outcome,
        Ok(Entered::Redirected) => OperationOutcome::Succeeded,
        Err(Some(refusal)) => refusal.outcome(),
        Err(None) => OperationOutcome::Refused,
    }
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
            Some(Taken::Here { is_admin, outcome }) => {
                return Ok(Entered::Call {
                    call,
                    is_admin,
                    outcome,
                });
            }
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
