//! The state that the endpoints, the socket and the background tasks share.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use anteroom_call::ConnectionId;
use anteroom_http_server::HttpLimits;
use anteroom_protocol::{DemuxId, Timestamp};
use anteroom_runtime::{Clock, Entropy, GuardedGauge, HealthRegistry, Metrics, Monitor};

use crate::{
    RoomsSettings,
    domain::{
        calls::Calls,
        events::RoomEvents,
        limits::UserLimits,
        links::Links,
        local_node::LocalNode,
        media::{pool::MediaPool, starting_eras::StartingEras},
        message_operations::SocketRecorders,
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
    pub(crate) settings: RoomsSettings,
    pub(crate) node: LocalNode,
    pub(crate) media: Option<MediaPool>,
    pub(crate) starting_eras: StartingEras,
    pub(crate) calls: Arc<Calls>,
    pub(crate) sockets: SocketBudgets,
    pub(crate) operations: SocketRecorders,
    pub(crate) connections: AtomicU64,
    pub(crate) open_sockets: GuardedGauge,
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

    /// Returns the id of a new connection.
    pub(crate) fn connection(&self) -> ConnectionId {
        ConnectionId::new(self.connections.fetch_add(1, Ordering::Relaxed))
    }

    /// Returns a random demux id.
    pub(crate) fn demux_id(&self) -> Option<DemuxId> {
        const ATTEMPTS: usize = 8;
        let mut rng = self.entropy.rng();
        (0..ATTEMPTS).find_map(|_| DemuxId::from_random_bits(rng.next_u32()))
    }
}
