//! The parts of the service that calls use.

use std::sync::Arc;

use anteroom_protocol::{OpaqueUserId, Timestamp};
use anteroom_runtime::{Admission, BucketSize, Clock, Count, Entropy, GuardedGauge};

use crate::{
    LeaseSettings,
    domain::{
        events::RoomEvents, limits::UserLimits, local_node::LocalNode, timeline::Timeline,
        transactions::Transactions,
    },
};

/// The parts of the service that calls use.
pub(crate) struct CallContext {
    pub(crate) transactions: Transactions,
    pub(crate) limits: UserLimits,
    pub(crate) events: RoomEvents,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) timeline: Timeline,
    pub(crate) node: LocalNode,
    pub(crate) leases: LeaseSettings,
    pub(crate) call_limits: anteroom_call::Limits,
    /// The joins of a user that waits in the lobby.
    pub(crate) lobby_joins: BucketSize,
    /// The calls that this node has.
    pub(crate) live: GuardedGauge,
    /// Approvals that a lobby has read and cannot use.
    pub(crate) unusable_approvals: Count,
}

impl CallContext {
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Counts a join of a user that waits in the lobby.
    pub(super) async fn count_lobby_join(&self, user: &OpaqueUserId) -> Admission {
        let size = self.lobby_joins;
        self.limits.count("lobby", user.as_str(), size).await
    }
}
