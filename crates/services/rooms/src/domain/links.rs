//! Decisions about call links.

mod admin;
mod create;
mod delete;
mod read;
mod update;

use std::sync::Arc;

use anteroom_runtime::{Clock, Entropy};

pub(crate) use self::{
    admin::{AdminRefusal, AdminRequest},
    create::{CreateOutcome, NewLink},
};
use super::{
    calls::Calls, events::RoomEvents, limits::UserLimits, transactions::Transactions,
    verification::PresentationVerifier,
};

/// The call links of the service.
pub(crate) struct Links {
    pub(crate) transactions: Transactions,
    pub(crate) verifier: Arc<PresentationVerifier>,
    pub(crate) limits: UserLimits,
    pub(crate) events: RoomEvents,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    /// The calls of this node, which follow the changes of their links.
    pub(crate) calls: Arc<Calls>,
    /// Whether calls can be ended from here, which those on media servers cannot.
    pub(crate) can_end_calls: bool,
    /// Whether new links get an epoch.
    pub(crate) has_epochs: bool,
}
