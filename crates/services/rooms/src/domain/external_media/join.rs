//! The announcement of a client to the media server of its call, or of a call that starts with this
//! client.

use anteroom_call::Role;
use anteroom_protocol::{DemuxId, EraId, Restrictions};
use anteroom_runtime::{ClientAddress, dependency_wait};
use anteroom_store::{
    CallKey, CallLinkRecord, CallRecord, ExpirationChange, MediaAddress, OpaqueRoomId, RoomsReader,
    StartEraOutcome, UserId,
};

use super::{
    client::MediaError,
    contract::{CallType, ClientAnswer, ClientRequest},
    platform::Platform,
    pool::{ExternalMediaPool, StartingEraGuard},
    transport::ClientTransport,
};
use crate::{
    ExternalMediaServer,
    domain::{
        authorization::{AuthorizedUser, Claim, Entrance, authorize},
        context::RoomContext,
        failure::{DecisionFailure, JoinRefusal},
    },
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

/// A join that is verified and well-formed.
struct MediaJoin<'a> {
    context: &'a RoomContext,
    media: &'a ExternalMediaPool,
    user: AuthorizedUser,
    role: Role,
    params: &'a MediaClientParams<'a>,
}

/// A call to join.
struct CallTarget {
    call: CallRecord,
    server: ExternalMediaServer,
    link: Option<CallLinkRecord>,
    approved: Vec<String>,
    /// Set while the call starts with this join.
    start: Option<StartingEraGuard>,
    /// The effect of the start on the link's expiration.
    expiration_change: Option<ExpirationChange>,
}

/// Authorizes a user and announces the client to the media server of the room's call.
pub(crate) async fn join(
    context: &RoomContext,
    media: Option<&ExternalMediaPool>,
    claim: Claim,
    passkey: Option<&[u8]>,
    client: ClientAddress,
    params: &MediaClientParams<'_>,
) -> Result<JoinedMediaCall, JoinRefusal> {
    let (user, role) = authorize(context, claim, passkey, client, Entrance::ExternalMedia).await?;
    let join = MediaJoin {
        context,
        media: media.ok_or(JoinRefusal::UseSocket)?,
        user,
        role,
        params,
    };
    join.join_on_media_server().await
}

impl MediaJoin<'_> {
    /// Joins the room's call, or starts one on the media server with the most room. A server that
    /// cannot be reached is not tried again, and a new call goes to another.
    async fn join_on_media_server(&self) -> Result<JoinedMediaCall, JoinRefusal> {
        let mut tried = Vec::new();
        for _ in 0..ATTEMPTS {
            let target = self.find_call(&tried).await?;
            match self.announce(&target).await? {
                Ok(joined) => return Ok(joined),
                Err(MediaError::Full) => {
                    self.cancel(&target).await?;
                    return Err(JoinRefusal::Full);
                }
                // No other server is asked: a client must not be able to take servers out of
                // service one by one.
                Err(MediaError::Refused) => {
                    self.cancel(&target).await?;
                    return Err(JoinRefusal::MediaUnavailable);
                }
                Err(MediaError::NoCall | MediaError::Unreached | MediaError::Broken) => {
                    self.media.mark_suspect(&target.server);
                    if target.start.is_none() {
                        return Err(JoinRefusal::MediaUnavailable);
                    }
                    self.cancel(&target).await?;
                    tried.push(target.server);
                }
            }
        }
        Err(JoinRefusal::MediaUnavailable)
    }

    async fn find_call(&self, tried: &[ExternalMediaServer]) -> Result<CallTarget, JoinRefusal> {
        let (context, user) = (self.context, &self.user);
        if let Some(call) = &user.call
            && tried.is_empty()
        {
            return self.running(call.clone(), user.link.clone()).await;
        }
        let server = self.media.choose(tried);
        let server = server.ok_or(JoinRefusal::MediaUnavailable)?;
        let now = context.now();
        let mut rng = context.entropy.rng();
        let call = CallRecord {
            key: user.key.clone(),
            era: EraId::random(&mut *rng),
            creator: UserId::from(&user.id),
            node: context.node.name.clone(),
            media: Some(MediaAddress::parse(server.as_str()).map_err(|_| internal())?),
            started: now,
            lease_until: Some(self.media.lease_end(now)),
        };
        let start = self.media.starting_eras.begin(call.era);
        let epoch = user.link.as_ref().and_then(|link| link.epoch);
        let mut transaction = context.transactions.begin("start era").await?;
        match transaction.start_era(&call, epoch, now, &mut *rng).await? {
            StartEraOutcome::Started {
                call,
                link,
                expiration_change,
            } => {
                let approved = match &call.key {
                    CallKey::Link(room) => approved_users(&mut *transaction, room).await?,
                    CallKey::Group(_) => Vec::new(),
                };
                transaction.save().await?;
                context.events.emit("call.started", call.key.room());
                Ok(CallTarget {
                    call,
                    server,
                    link,
                    approved,
                    start: Some(start),
                    expiration_change,
                })
            }
            StartEraOutcome::Running { call, link } => {
                drop(transaction);
                match context.node.owner_elsewhere(&call) {
                    Some(node) => Err(JoinRefusal::Elsewhere(Box::new(node))),
                    None => self.running(call, link).await,
                }
            }
            StartEraOutcome::UnknownLink => Err(JoinRefusal::UnknownLink),
            StartEraOutcome::ClosedLink(_) => Err(JoinRefusal::Closed),
        }
    }

    async fn running(
        &self,
        call: CallRecord,
        link: Option<CallLinkRecord>,
    ) -> Result<CallTarget, JoinRefusal> {
        let server = self.media.server_of(&call);
        let server = server.ok_or(JoinRefusal::MediaUnavailable)?;
        let approved = match &call.key {
            CallKey::Link(room) => {
                let mut reader = self.context.transactions.read("look at approvals").await?;
                approved_users(&mut *reader, room).await?
            }
            CallKey::Group(_) => Vec::new(),
        };
        Ok(CallTarget {
            call,
            server,
            link,
            approved,
            start: None,
            expiration_change: None,
        })
    }

    /// Announces the client under a random demux id.
    ///
    /// The id is not compared with those in the call. Only the media server knows them, and the
    /// contract has no answer for an id that is in use. A request for the members would cost each
    /// join an exchange, and two joins at the same moment could still draw the same id. In a call
    /// of 75 devices fewer than one join in three million draws an id that is in use.
    async fn announce(
        &self,
        target: &CallTarget,
    ) -> Result<Result<JoinedMediaCall, MediaError>, DecisionFailure> {
        let demux_id = self.demux_id().ok_or_else(internal)?;
        let link = target.link.as_ref();
        let room_id = target.call.key.to_text();
        let transport = self.params.transport;
        let request = ClientRequest {
            endpoint_id: self.user.id.as_str(),
            client_ice_ufrag: &transport.ice_ufrag,
            client_ice_pwd: &transport.ice_pwd,
            client_dhe_public_key: &transport.dhe_public_key,
            hkdf_extra_info: transport.hkdf_extra_info.as_deref().unwrap_or_default(),
            region: self.params.region,
            new_clients_require_approval: link
                .is_some_and(|link| link.restrictions == Restrictions::AdminApproval),
            is_admin: self.role == Role::Admin,
            room_id: &room_id,
            approved_users: link.map(|_| target.approved.as_slice()),
            call_type: match target.call.key {
                CallKey::Link(_) => CallType::Adhoc,
                CallKey::Group(_) => CallType::GroupV2,
            },
            user_agent: self.params.platform,
        };
        let client = &self.media.client;
        let answer = client.join(&target.server, target.call.era, demux_id, &request);
        let answer = dependency_wait(answer).await;
        Ok(answer.map(|answer| JoinedMediaCall {
            demux_id,
            creator: target.call.creator.clone(),
            era: target.call.era,
            answer,
        }))
    }

    /// Returns a random demux id.
    fn demux_id(&self) -> Option<DemuxId> {
        const ATTEMPTS: usize = 8;
        let mut rng = self.context.entropy.rng();
        (0..ATTEMPTS).find_map(|_| DemuxId::from_random_bits(rng.next_u32()))
    }

    /// Removes the record of a call that did not start, and undoes the effect of its start on the
    /// link.
    async fn cancel(&self, target: &CallTarget) -> Result<(), DecisionFailure> {
        if target.start.is_none() {
            return Ok(());
        }
        let (key, era) = (&target.call.key, target.call.era);
        let mut transaction = self.context.transactions.begin("abandon era").await?;
        let change = target.expiration_change;
        if transaction.abandon_era(key, era, change).await? {
            transaction.save().await?;
            self.context.events.emit("call.ended", key.room());
        }
        Ok(())
    }
}

async fn approved_users(
    reader: &mut dyn RoomsReader,
    room: &OpaqueRoomId,
) -> Result<Vec<String>, DecisionFailure> {
    let users = reader.approved_users(room).await?;
    Ok(users.iter().map(|user| user.as_str().to_owned()).collect())
}

/// The error for a name that does not fit into a record. The set-up excludes it.
fn internal() -> DecisionFailure {
    tracing::error!("a name does not fit into a call record");
    DecisionFailure::Internal
}
