//! The state that the endpoints and the socket share.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use anteroom_call::ConnectionId;
use anteroom_http_server::HttpLimits;
use anteroom_runtime::{GuardedGauge, HealthRegistry, Metrics, Monitor};

use crate::{
    RoomsSettings,
    domain::{
        calls::Calls, cleaner::Cleaner, context::RoomContext,
        external_media::pool::ExternalMediaPool, links::Links, message_operations::SocketRecorders,
        socket_budgets::SocketBudgets,
    },
};

/// The parts of a running room service.
pub(crate) struct RoomsState {
    pub(crate) context: Arc<RoomContext>,
    pub(crate) links: Arc<Links>,
    pub(crate) calls: Arc<Calls>,
    pub(crate) external_media: Option<ExternalMediaPool>,
    pub(crate) cleaner: Cleaner,
    pub(crate) sockets: SocketBudgets,
    pub(crate) operations: SocketRecorders,
    pub(crate) connections: AtomicU64,
    pub(crate) open_sockets: GuardedGauge,
    pub(crate) settings: RoomsSettings,
    pub(crate) http: HttpLimits,
    pub(crate) metrics: Metrics,
    pub(crate) health: HealthRegistry,
    pub(crate) monitor: Monitor,
}

impl RoomsState {
    /// Returns the id of a new connection.
    pub(crate) fn connection(&self) -> ConnectionId {
        ConnectionId::new(self.connections.fetch_add(1, Ordering::Relaxed))
    }
}
