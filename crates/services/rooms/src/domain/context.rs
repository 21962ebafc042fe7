//! The parts of the service that decisions use.

use std::sync::Arc;

use anteroom_protocol::Timestamp;
use anteroom_runtime::{Clock, Entropy};

use super::{
    events::RoomEvents, limits::UserLimits, node::LocalNode, transactions::Transactions,
    verification::PresentationVerifier,
};

pub(crate) struct RoomContext {
    pub(crate) transactions: Transactions,
    pub(crate) verifier: Arc<PresentationVerifier>,
    pub(crate) limits: UserLimits,
    pub(crate) events: RoomEvents,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) node: LocalNode,
}

impl RoomContext {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
