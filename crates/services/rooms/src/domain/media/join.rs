//! The announcement of a client to the media server of its call, or of a call that starts with this
//! client.

use anteroom_http_server::{Problem, problems};
use anteroom_protocol::{EraId, Timestamp};
use anteroom_runtime::dependency_wait;
use anteroom_store::{
    CallKey, CallLinkRecord, CallRecord, ExpirationChange, LinkRestrictions, MediaAddress,
    StartEraOutcome, TransactionName, UserId,
};

use super::{
    client::MediaError,
    contract::{CallType, ClientAnswer, ClientRequest},
    platform::Platform,
    pool::MediaPool,
    starting_eras::StartingEraGuard,
};
use crate::{
    MediaServer,
    domain::admission::AuthorizedUser,
    http::join::{JoinedBody, Outcome},
    http::join_body::JoinBody,
    state::RoomsState,
    transactions::failed,
    wire::Reason,
};

/// The maximum number of servers that are tried for a new call.
const ATTEMPTS: usize = 3;

/// A join that is verified and well-formed.
#[derive(Clone, Copy)]
pub(crate) struct MediaJoin<'a> {
    pub(crate) state: &'a RoomsState,
    pub(crate) media: &'a MediaPool,
    pub(crate) user: &'a AuthorizedUser,
    pub(crate) body: &'a JoinBody,
    pub(crate) is_admin: bool,
    /// The region that the media server receives.
    pub(crate) region: &'a str,
    pub(crate) platform: Platform,
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

/// Joins the room's call, or starts one on the media server with the most room. A server that
/// cannot be reached is not tried again, and a new call goes to another.
///
/// # Errors
/// 503 or 500 when the database or all media servers are not available.
pub(crate) async fn join_on_media_server(join: MediaJoin<'_>) -> Result<Outcome, Problem> {
    let mut tried = Vec::new();
    for _ in 0..ATTEMPTS {
        let target = match find_call(&join, &tried).await? {
            CallLookup::Target(target) => *target,
            CallLookup::Outcome(outcome) => return Ok(outcome),
        };
        match announce(&join, &target).await? {
            Ok(joined) => return Ok(Outcome::Joined(Box::new(joined))),
            Err(MediaError::Full) => {
                cancel(&join, &target).await?;
                return Ok(Outcome::Full);
            }
            // No other server is asked: a client must not be able to take servers out of service
            // one by one.
            Err(MediaError::Refused) => {
                cancel(&join, &target).await?;
                return Ok(Outcome::MediaUnavailable);
            }
            Err(MediaError::NoCall | MediaError::Unreached | MediaError::Broken) => {
                join.media.mark_suspect(&target.server);
                if target.start.is_none() {
                    return Ok(Outcome::MediaUnavailable);
                }
                cancel(&join, &target).await?;
                tried.push(target.server);
            }
        }
    }
    Ok(Outcome::MediaUnavailable)
}

/// The outcome of the search for a call to join.
enum CallLookup {
    Target(Box<CallTarget>),
    Outcome(Outcome),
}

async fn find_call(join: &MediaJoin<'_>, tried: &[MediaServer]) -> Result<CallLookup, Problem> {
    const NAME: TransactionName = TransactionName::new("start era");
    let (state, user) = (join.state, join.user);
    if let Some(call) = &user.call
        && tried.is_empty()
    {
        return running(join, call.clone(), user.link.clone()).await;
    }
    let Some(server) = join.media.choose(tried) else {
        return Ok(CallLookup::Outcome(Outcome::MediaUnavailable));
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
    match outcome.map_err(failed)? {
        StartEraOutcome::Started {
            call,
            link,
            expiration_change,
        } => {
            let approved = match &call.key {
                CallKey::Link(room) => transaction.approved_users(room).await.map_err(failed)?,
                CallKey::Group(_) => Vec::new(),
            };
            transaction.save().await.map_err(failed)?;
            state
                .events
                .emit("call.started", call.key.room(), |event| event);
            Ok(CallLookup::Target(Box::new(CallTarget {
                call,
                server,
                link,
                approved: texts(&approved),
                start: Some(start),
                expiration_change,
            })))
        }
        StartEraOutcome::Running { call, link } => {
            drop(transaction);
            match state.node.owner_elsewhere(&call) {
                Some(node) => Ok(CallLookup::Outcome(Outcome::Elsewhere(Box::new(node)))),
                None => running(join, call, link).await,
            }
        }
        StartEraOutcome::UnknownLink => Ok(CallLookup::Outcome(Outcome::NotThere(Reason::Invalid))),
        StartEraOutcome::ClosedLink(_) => {
            Ok(CallLookup::Outcome(Outcome::NotThere(Reason::Expired)))
        }
    }
}

async fn running(
    join: &MediaJoin<'_>,
    call: CallRecord,
    link: Option<CallLinkRecord>,
) -> Result<CallLookup, Problem> {
    const NAME: TransactionName = TransactionName::new("look at approvals");
    let Some(server) = join.media.server_of(&call) else {
        return Ok(CallLookup::Outcome(Outcome::MediaUnavailable));
    };
    let approved = match &call.key {
        CallKey::Link(room) => {
            let mut reader = join.state.transactions.read(NAME).await?;
            reader.approved_users(room).await.map_err(failed)?
        }
        CallKey::Group(_) => Vec::new(),
    };
    Ok(CallLookup::Target(Box::new(CallTarget {
        call,
        server,
        link,
        approved: texts(&approved),
        start: None,
        expiration_change: None,
    })))
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
) -> Result<Result<JoinedBody, MediaError>, Problem> {
    let state = join.state;
    let demux_id = state.demux_id().ok_or_else(internal)?;
    let link = target.link.as_ref();
    let room_id = target.call.key.to_text();
    let request = ClientRequest {
        endpoint_id: join.user.id.as_str(),
        client_ice_ufrag: &join.body.ice_ufrag,
        client_ice_pwd: &join.body.ice_pwd,
        client_dhe_public_key: &join.body.dhe_public_key,
        hkdf_extra_info: join.body.hkdf_extra_info.as_deref().unwrap_or_default(),
        region: join.region,
        new_clients_require_approval: link
            .is_some_and(|link| link.restrictions == LinkRestrictions::AdminApproval),
        is_admin: join.is_admin,
        room_id: &room_id,
        approved_users: link.map(|_| target.approved.as_slice()),
        call_type: match target.call.key {
            CallKey::Link(_) => CallType::Adhoc,
            CallKey::Group(_) => CallType::GroupV2,
        },
        user_agent: join.platform,
    };
    let client = join.media.client();
    let answer = client.join(&target.server, target.call.era, demux_id, &request);
    let answer = dependency_wait(answer).await;
    Ok(answer.map(|answer| joined(answer, demux_id.value(), &target.call)))
}

fn joined(answer: ClientAnswer, demux_id: u32, call: &CallRecord) -> JoinedBody {
    JoinedBody {
        demux_id,
        port: answer.server_port,
        port_tcp: answer.server_port_tcp,
        port_tls: answer.server_port_tls,
        ips: answer.server_ips,
        hostname: answer.server_hostname,
        ice_ufrag: answer.server_ice_ufrag,
        ice_pwd: answer.server_ice_pwd,
        dhe_public_key: answer.server_dhe_public_key,
        call_creator: call.creator.as_str().to_owned(),
        conference_id: call.era.to_string(),
        client_status: answer.client_status,
    }
}

/// Removes the record of a call that did not start, and undoes the effect of its start on the link.
async fn cancel(join: &MediaJoin<'_>, target: &CallTarget) -> Result<(), Problem> {
    const NAME: TransactionName = TransactionName::new("abandon era");
    if target.start.is_none() {
        return Ok(());
    }
    let (key, era) = (&target.call.key, target.call.era);
    let mut transaction = join.state.transactions.begin(NAME).await?;
    let cancelled = transaction
        .abandon_era(key, era, target.expiration_change)
        .await;
    if cancelled.map_err(failed)? {
        transaction.save().await.map_err(failed)?;
        join.state
            .events
            .emit("call.ended", key.room(), |event| event);
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
fn internal() -> Problem {
    tracing::error!("a name does not fit into a call record");
    Problem::new(&problems::INTERNAL)
}
