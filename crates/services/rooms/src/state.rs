//! The state that the endpoints, the socket and the background tasks share.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use anteroom_call::{ConnectionId, Moment};
use anteroom_http_server::HttpLimits;
use anteroom_protocol::{DemuxId, Timestamp};
use anteroom_runtime::{Clock, Entropy, GuardedGauge, HealthRegistry, Metrics, Monitor};
use anteroom_store::{CallRecord, NodeName};
use tokio::time::Instant;

use crate::{
    Node, RoomsSettings,
    domain::{
        calls::Calls,
        events::RoomEvents,
        limits::UserLimits,
        links::Links,
        media::{pool::MediaPool, starting_eras::StartingEras},
        message_operations::SocketRecorders,
        timeline::Timeline,
        transactions::Transactions,
        verification::PresentationVerifier,
    },
    http::socket::budgets::SocketBudgets,
};

/// The parts of a running room service.
pub(crate) struct RoomsState {
    pub(crate) links: Arc<Links>,
    pub(crate) transactions: Transactions,
    pub(crate) verifier: Arc<PresentationVerifier>,
    pub(crate) limits: UserLimits,
    pub(crate) events: RoomEvents,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) timeline: Timeline,
    pub(crate) settings: RoomsSettings,
    /// The name of this node in call records.
    pub(crate) node: NodeName,
    pub(crate) media: Option<MediaPool>,
    pub(crate) starting_eras: StartingEras,
    pub(crate) calls: Arc<Calls>,
    pub(crate) sockets: SocketBudgets,
    pub(crate) operations: SocketRecorders,
    pub(crate) connections: AtomicU64,
    pub(crate) open_sockets: GuardedGauge,
    pub(crate) live_calls: GuardedGauge,
    /// Whether links past their end are deleted.
    pub(crate) is_purging: AtomicBool,
    pub(crate) http: HttpLimits,
    pub(crate) metrics: Metrics,
    pub(crate) health: HealthRegistry,
    pub(crate) monitor: Monitor,
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
