//! The announcement of a client to the media server of its call, or of a call that starts with this
//! client.

use anteroom_call::Role;
use anteroom_protocol::{DemuxId, EraId, Restrictions, Timestamp};
use anteroom_runtime::{ClientAddress, dependency_wait};
use anteroom_store::{
    CallKey, CallLinkRecord, CallRecord, ExpirationChange, MediaAddress, StartEraOutcome,
    TransactionName, UserId,
};

use super::{
    client::MediaError,
    contract::{CallType, ClientAnswer, ClientRequest},
    platform::Platform,
    pool::MediaPool,
    starting_eras::StartingEraGuard,
    transport::ClientTransport,
};
use crate::{
    MediaServer,
    domain::{
        admission::{AdmissionRefusal, AuthorizedUser, Claim, Entrance, admit},
        failure::{ClaimRefusal, DecisionFailure},
    },
    state::RoomsState,
};

/// The maximum number of servers that are tried for a new call.
const ATTEMPTS: usize = 3;

/// A client that joins a call on a media server.
pub(crate) struct MediaClientParams<'a> {
    pub(crate) transport: &'a ClientTransport,
    /// The region that the media server receives.
    pub(crate) region: &'a str,
    pub(crate) platform: Platform,
}

/// A call on a media server that a client has joined.
pub(crate) struct JoinedMediaCall {
    pub(crate) demux_id: DemuxId,
    pub(crate) creator: UserId,
    pub(crate) era: EraId,
    pub(crate) answer: ClientAnswer,
}

/// The reason why a client does not join.
#[derive(Debug)]
pub(crate) enum MediaJoinRefusal {
    Admission(AdmissionRefusal),
    /// The call accepts no more clients.
    Full,
    /// No media server can take the call.
    MediaUnavailable,
}

/// A join that is verified and well-formed.
#[derive(Clone, Copy)]
struct MediaJoin<'a> {
    state: &'a RoomsState,
    media: &'a MediaPool,
    user: &'a AuthorizedUser,
    role: Role,
    params: &'a MediaClientParams<'a>,
}

/// A call to join.
struct CallTarget {
    call: CallRecord,
    server: MediaServer,
    link: Option<CallLinkRecord>,
    approved: Vec<String>,
    /// Set while the call starts with this join.
    start: Option<StartingEraGuard>,
    /// The effect of the start on the link's expiration.
    expiration_change: Option<ExpirationChange>,
}

/// Admits a user to a room and announces the client to the media server of the room's call.
pub(crate) async fn join(
    state: &RoomsState,
    claim: Claim,
    passkey: Option<&[u8]>,
    client: ClientAddress,
    params: &MediaClientParams<'_>,
) -> Result<JoinedMediaCall, MediaJoinRefusal> {
    let (user, role) = admit(state, claim, passkey, client, Entrance::MediaServer).await?;
    let media = state.media.as_ref().ok_or(AdmissionRefusal::UseSocket)?;
    let user = &user;
    join_on_media_server(MediaJoin {
        state,
        media,
        user,
        role,
        params,
    })
    .await
}

/// Joins the room's call, or starts one on the media server with the most room. A server that
/// cannot be reached is not tried again, and a new call goes to another.
async fn join_on_media_server(join: MediaJoin<'_>) -> Result<JoinedMediaCall, MediaJoinRefusal> {
    let mut tried = Vec::new();
    for _ in 0..ATTEMPTS {
        let target = find_call(&join, &tried).await?;
        match announce(&join, &target).await? {
            Ok(joined) => return Ok(joined),
            Err(MediaError::Full) => {
                cancel(&join, &target).await?;
                return Err(MediaJoinRefusal::Full);
            }
            // No other server is asked: a client must not be able to take servers out of service
            // one by one.
            Err(MediaError::Refused) => {
                cancel(&join, &target).await?;
                return Err(MediaJoinRefusal::MediaUnavailable);
            }
            Err(MediaError::NoCall | MediaError::Unreached | MediaError::Broken) => {
                join.media.mark_suspect(&target.server);
                if target.start.is_none() {
                    return Err(MediaJoinRefusal::MediaUnavailable);
                }
                cancel(&join, &target).await?;
                tried.push(target.server);
            }
        }
    }
    Err(MediaJoinRefusal::MediaUnavailable)
}

async fn find_call(
    join: &MediaJoin<'_>,
    tried: &[MediaServer],
) -> Result<CallTarget, MediaJoinRefusal> {
    const NAME: TransactionName = TransactionName::new("start era");
    let (state, user) = (join.state, join.user);
    if let Some(call) = &user.call
        && tried.is_empty()
    {
        return running(join, call.clone(), user.link.clone()).await;
    }
    let Some(server) = join.media.choose(tried) else {
        return Err(MediaJoinRefusal::MediaUnavailable);
    };
    let now = state.now();
    let mut rng = state.entropy.rng();
    let call = CallRecord {
        key: user.key.clone(),
        era: EraId::random(&mut *rng),
        creator: UserId::from(&user.id),
        node: state.node.name().clone(),
        media: Some(MediaAddress::parse(server.as_str()).map_err(|_| internal())?),
        started: now,
        lease_until: Some(lease(state, now)),
    };
    let start = state.starting_eras.begin(call.era);
    let epoch = user.link.as_ref().and_then(|link| link.epoch);
    let mut transaction = state.transactions.begin(NAME).await?;
    let outcome = transaction.start_era(&call, epoch, now, &mut *rng).await;
    match outcome.map_err(DecisionFailure::from)? {
        StartEraOutcome::Started {
            call,
            link,
            expiration_change,
        } => {
            let approved = match &call.key {
                CallKey::Link(room) => transaction
                    .approved_users(room)
                    .await
                    .map_err(DecisionFailure::from)?,
                CallKey::Group(_) => Vec::new(),
            };
            transaction.save().await.map_err(DecisionFailure::from)?;
            state.events.emit("call.started", call.key.room());
            Ok(CallTarget {
                call,
                server,
                link,
                approved: texts(&approved),
                start: Some(start),
                expiration_change,
            })
        }
        StartEraOutcome::Running { call, link } => {
            drop(transaction);
            match state.node.owner_elsewhere(&call) {
                Some(node) => Err(AdmissionRefusal::Elsewhere(Box::new(node)).into()),
                None => running(join, call, link).await,
            }
        }
        StartEraOutcome::UnknownLink => Err(AdmissionRefusal::UnknownLink.into()),
        StartEraOutcome::ClosedLink(_) => Err(AdmissionRefusal::Closed.into()),
    }
}

async fn running(
    join: &MediaJoin<'_>,
    call: CallRecord,
    link: Option<CallLinkRecord>,
) -> Result<CallTarget, MediaJoinRefusal> {
    const NAME: TransactionName = TransactionName::new("look at approvals");
    let Some(server) = join.media.server_of(&call) else {
        return Err(MediaJoinRefusal::MediaUnavailable);
    };
    let approved = match &call.key {
        CallKey::Link(room) => {
            let mut reader = join.state.transactions.read(NAME).await?;
            reader
                .approved_users(room)
                .await
                .map_err(DecisionFailure::from)?
        }
        CallKey::Group(_) => Vec::new(),
    };
    Ok(CallTarget {
        call,
        server,
        link,
        approved: texts(&approved),
        start: None,
        expiration_change: None,
    })
}

/// Announces the client under a random demux id.
///
/// The id is not compared with those in the call. Only the media server knows them, and the
/// contract has no answer for an id that is in use. A request for the members would cost each join
/// an exchange, and two joins at the same moment could still draw the same id. In a call of 75
/// devices fewer than one join in three million draws an id that is in use.
async fn announce(
    join: &MediaJoin<'_>,
    target: &CallTarget,
) -> Result<Result<JoinedMediaCall, MediaError>, MediaJoinRefusal> {
    let state = join.state;
    let demux_id = state.demux_id().ok_or_else(internal)?;
    let link = target.link.as_ref();
    let room_id = target.call.key.to_text();
    let request = ClientRequest {
        endpoint_id: join.user.id.as_str(),
        client_ice_ufrag: &join.params.transport.ice_ufrag,
        client_ice_pwd: &join.params.transport.ice_pwd,
        client_dhe_public_key: &join.params.transport.dhe_public_key,
        hkdf_extra_info: join
            .params
            .transport
            .hkdf_extra_info
            .as_deref()
            .unwrap_or_default(),
        region: join.params.region,
        new_clients_require_approval: link
            .is_some_and(|link| link.restrictions == Restrictions::AdminApproval),
        is_admin: join.role == Role::Admin,
        room_id: &room_id,
        approved_users: link.map(|_| target.approved.as_slice()),
        call_type: match target.call.key {
            CallKey::Link(_) => CallType::Adhoc,
            CallKey::Group(_) => CallType::GroupV2,
        },
        user_agent: join.params.platform,
    };
    let client = join.media.client();
    let answer = client.join(&target.server, target.call.era, demux_id, &request);
    let answer = dependency_wait(answer).await;
    Ok(answer.map(|answer| JoinedMediaCall {
        demux_id,
        creator: target.call.creator.clone(),
        era: target.call.era,
        answer,
    }))
}

/// Removes the record of a call that did not start, and undoes the effect of its start on the link.
async fn cancel(join: &MediaJoin<'_>, target: &CallTarget) -> Result<(), DecisionFailure> {
    const NAME: TransactionName = TransactionName::new("abandon era");
    if target.start.is_none() {
        return Ok(());
    }
    let (key, era) = (&target.call.key, target.call.era);
    let mut transaction = join.state.transactions.begin(NAME).await?;
    let change = target.expiration_change;
    if transaction.abandon_era(key, era, change).await? {
        transaction.save().await?;
        join.state.events.emit("call.ended", key.room());
    }
    Ok(())
}

/// Returns the end of the lease of a call on a media server. The cleaner renews it earlier.
pub(crate) fn lease(state: &RoomsState, now: Timestamp) -> Timestamp {
    /// Allows some rounds to fail.
    const ROUNDS: u64 = 4;
    let cleaner = state.settings.cleaner;
    let round = cleaner.interval.as_secs() + cleaner.jitter.as_secs();
    now.plus(round.saturating_mul(ROUNDS).max(60))
}

fn texts(users: &[UserId]) -> Vec<String> {
    let texts = users.iter().map(|user| user.as_str().to_owned());
    texts.collect()
}

/// The error for a name that does not fit into a record. The set-up excludes it.
fn internal() -> DecisionFailure {
    tracing::error!("a name does not fit into a call record");
    DecisionFailure::Internal
}

impl From<AdmissionRefusal> for MediaJoinRefusal {
    fn from(refusal: AdmissionRefusal) -> Self {
        Self::Admission(refusal)
    }
}

impl From<DecisionFailure> for MediaJoinRefusal {
    fn from(failure: DecisionFailure) -> Self {
        AdmissionRefusal::Claim(ClaimRefusal::Failed(failure)).into()
    }
}
