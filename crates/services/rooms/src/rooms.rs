//! The parts of a room service, and the state that its endpoints share.

use std::{
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use anteroom_call::{ConnectionId, DemuxId, LinkState, Moment, Restrictions};
use anteroom_http_client::HttpClientError;
use anteroom_http_server::HttpLimits;
use anteroom_protocol::{Timestamp, VerifyingParams};
use anteroom_runtime::{
    Clock, Dependency, Entropy, Event, EventSink, GuardedGauge, HealthRegistry, Metrics, Monitor,
    Pseudonymizer, RateLimiter,
};
use anteroom_store::{
    CallLinkRecord, CallRecord, LinkAddress, LinkRestrictions, LinkWithCall, NodeName,
    OpaqueRoomId, RoomsDatabase, StoreError,
};
use tokio::time::{Instant, timeout};

use crate::{
    Media, Node, RoomsSettings,
    calls::Calls,
    cpu_permits::CpuPermits,
    database_health::DatabaseHealth,
    media::{pool::MediaPool, starting_eras::StartingEras},
    operations::SocketRecorders,
    params::{ParamsHealth, ParamsState, StoredParams},
    shared_reads::SharedReads,
    socket::budgets::SocketBudgets,
    timeline::Timeline,
};

/// The maximum time for calls and sockets to end when the node stops.
const CLOSING: Duration = Duration::from_secs(10);

/// The parts of a room service.
pub struct RoomsParts {
    /// Links, approvals and call records.
    pub database: Arc<dyn RoomsDatabase>,
    /// The source of the time.
    pub clock: Arc<dyn Clock>,
    /// Randomness for eras, demux ids, secrets, request ids and jitter.
    pub entropy: Arc<dyn Entropy>,
    /// The server params that verify presentations.
    pub keys: VerifyingParams,
    /// The sink of events.
    pub events: Arc<dyn EventSink>,
    /// The buckets of the rate limits.
    pub limiter: Arc<dyn RateLimiter>,
    /// The pseudonyms of rooms in events.
    pub pseudonymizer: Pseudonymizer,
    /// The limits of HTTP requests.
    pub http: HttpLimits,
    /// The registry of metrics.
    pub metrics: Metrics,
    /// The number of verifications that run at the same time: the number of cores.
    pub verifications: NonZeroUsize,
    /// The dependencies in the readiness report besides the database and the media servers.
    pub dependencies: Vec<Arc<dyn Dependency>>,
    /// The operator's settings.
    pub settings: RoomsSettings,
}

/// The reason why a room service cannot be created.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The HTTP client for the media servers cannot be set up.
    #[error("the HTTP client for the media servers cannot be set up")]
    MediaClient(#[source] HttpClientError),
    /// The name of the node or of a media server is too long for call records.
    #[error("the node's name or a media server's address is too long")]
    NameTooLong,
}

/// A room service. Clones are the same service.
#[derive(Clone)]
pub struct Rooms(pub(crate) Arc<RoomsState>);

/// The state that the handlers share.
pub(crate) struct RoomsState {
    pub(crate) database: Arc<dyn RoomsDatabase>,
    /// The look-ups of links, which requests for the same one share.
    pub(crate) look_ups: SharedReads<LinkAddress, Result<Option<LinkWithCall>, Arc<StoreError>>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) params: Arc<ParamsState>,
    events: Arc<dyn EventSink>,
    pub(crate) limiter: Arc<dyn RateLimiter>,
    pub(crate) pseudonymizer: Pseudonymizer,
    pub(crate) http: HttpLimits,
    pub(crate) metrics: Metrics,
    pub(crate) cpu_permits: CpuPermits,
    pub(crate) health: HealthRegistry,
    pub(crate) monitor: Monitor,
    pub(crate) operations: SocketRecorders,
    pub(crate) settings: RoomsSettings,
    /// The name of this node in call records.
    pub(crate) node: NodeName,
    pub(crate) media: Option<MediaPool>,
    pub(crate) starting_eras: StartingEras,
    pub(crate) calls: Calls,
    pub(crate) sockets: SocketBudgets,
    pub(crate) open_sockets: GuardedGauge,
    pub(crate) live_calls: GuardedGauge,
    /// Whether links past their end are deleted.
    pub(crate) is_purging: AtomicBool,
    connections: AtomicU64,
    timeline: Timeline,
}

impl Rooms {
    /// Creates a room service.
    ///
    /// # Errors
    /// [`SetupError`] for settings that cannot be used.
    pub fn new(parts: RoomsParts) -> Result<Self, SetupError> {
        let settings = parts.settings;
        let media = match &settings.media {
            Media::Embedded => None,
            Media::Sfu(sfu) => Some(MediaPool::new(sfu).map_err(SetupError::MediaClient)?),
        };
        let node =
            NodeName::parse(&settings.node.to_text()).map_err(|_| SetupError::NameTooLong)?;
        let database = DatabaseHealth(Arc::clone(&parts.database));
        let params = Arc::new(ParamsState::new(parts.keys));
        let params_health = ParamsHealth::new(Arc::clone(&params), Arc::clone(&parts.clock));
        let mut dependencies: Vec<Arc<dyn Dependency>> =
            vec![Arc::new(database), Arc::new(params_health)];
        if let Some(media) = &media {
            dependencies.push(Arc::new(media.clone()));
        }
        dependencies.extend(parts.dependencies);
        let health = HealthRegistry::new(dependencies);
        let monitor = Monitor::new(&health, &parts.metrics);
        let open_sockets = parts
            .metrics
            .guarded_gauge("open_sockets", "Sockets that are open, joined or not");
        let live_calls = parts
            .metrics
            .guarded_gauge("live_calls", "Calls that this node has");
        Ok(Self(Arc::new(RoomsState {
            open_sockets,
            live_calls,
            is_purging: AtomicBool::new(true),
            database: parts.database,
            look_ups: SharedReads::default(),
            timeline: Timeline::starting_at(parts.clock.now()),
            clock: parts.clock,
            entropy: parts.entropy,
            params,
            events: parts.events,
            limiter: parts.limiter,
            pseudonymizer: parts.pseudonymizer,
            http: parts.http,
            operations: SocketRecorders::new(&parts.metrics),
            cpu_permits: CpuPermits::new(
                parts.verifications,
                settings.verifications.waiting.get(),
                settings.verifications.waiting_per_client(),
            ),
            health,
            monitor,
            node,
            media,
            starting_eras: StartingEras::default(),
            calls: Calls::default(),
            sockets: SocketBudgets::new(&settings.sockets, &parts.metrics),
            metrics: parts.metrics,
            connections: AtomicU64::new(0),
            settings,
        })))
    }

    /// Replaces the server params from the next request on. Members of calls stay in them.
    pub fn replace_keys(&self, keys: VerifyingParams) {
        self.0.params.replace(keys);
    }

    /// Sets whether all stored rows of server params are readable. Readiness reports `degraded`
    /// while they are not.
    pub fn set_stored_params(&self, stored: StoredParams) {
        self.0.params.set_stored(stored);
    }

    /// Returns the number of open sockets, joined or not.
    #[must_use]
    pub fn open_sockets(&self) -> i64 {
        self.0.open_sockets.number()
    }

    /// Returns the number of calls at this node.
    #[must_use]
    pub fn live_calls(&self) -> i64 {
        self.0.live_calls.number()
    }

    /// Completes when this node has no calls and no open sockets.
    pub async fn idle(&self) {
        self.0.live_calls.none().await;
        self.0.open_sockets.none().await;
    }

    /// Ends the calls and closes the sockets of this node, removes the calls' records, and refuses
    /// new joins. Waits at most 10 s for clients to disconnect. Call it when the node stops.
    pub async fn close(&self) {
        let closed = async {
            self.0.calls.close().await;
            self.idle().await;
        };
        if timeout(CLOSING, closed).await.is_err() {
            tracing::warn!("calls or sockets did not end in time");
        }
    }
}

impl RoomsState {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Returns the current moment for calls. It never jumps.
    pub(crate) fn moment(&self) -> Moment {
        self.timeline.moment()
    }

    /// Returns the timer instant of a moment.
    pub(crate) fn instant_of(&self, moment: Moment) -> Instant {
        self.timeline.instant_of(moment)
    }

    /// Returns the id of a new connection.
    pub(crate) fn connection(&self) -> ConnectionId {
        ConnectionId::new(self.connections.fetch_add(1, Ordering::Relaxed))
    }

    /// Emits an event about the room. `describe` adds to the payload.
    pub(crate) fn emit(
        &self,
        name: &'static str,
        room: &OpaqueRoomId,
        describe: impl FnOnce(Event) -> Event,
    ) {
        let pseudonym = self.pseudonymizer.room(room.as_str()).to_string();
        let event = Event::new(name, self.now()).with("room", pseudonym);
        self.events.emit(describe(event));
    }

    /// Returns the other node at which the call must be joined; `None` if this node can answer.
    ///
    /// An embedded call lives in one node; a call on a media server can be joined from every node
    /// of its region.
    pub(crate) fn owner_elsewhere(&self, call: &CallRecord) -> Option<Node> {
        if call.node == self.node {
            return None;
        }
        let owner = Node::of_text(call.node.as_str())?;
        let reachable = self.media.is_some() && owner.region() == self.settings.node.region();
        (!reachable).then_some(owner)
    }

    /// Returns the URL that redirects a request about participants to the node that owns the call.
    pub(crate) fn participants_url(&self, owner: &Node) -> String {
        owner.participants_url(self.settings.node.region())
    }

    /// Returns a random demux id.
    pub(crate) fn demux_id(&self) -> Option<DemuxId> {
        const ATTEMPTS: usize = 8;
        let mut rng = self.entropy.rng();
        (0..ATTEMPTS).find_map(|_| DemuxId::from_random_bits(rng.next_u32()))
    }
}

/// Returns the state of the link as calls and answers show it.
pub(crate) fn link_state(link: &CallLinkRecord) -> LinkState {
    LinkState {
        restrictions: match link.restrictions {
            LinkRestrictions::None => Restrictions::None,
            LinkRestrictions::AdminApproval => Restrictions::AdminApproval,
        },
        name: link.name.to_shared(),
        revoked: link.revoked,
        expiration: link.expiration,
        delete_at: link.delete_at,
    }
}
