//! Decisions about call links.

mod admin;
mod create;
mod delete;
mod read;
mod update;

use std::sync::Arc;

pub(crate) use self::{
    admin::{AdminRefusal, AdminRequest},
    create::{CreateOutcome, NewLink},
};
use super::{calls::Calls, context::RoomContext};

/// The call links of the service.
pub(crate) struct Links {
    pub(crate) context: Arc<RoomContext>,
    /// The calls of this node, which follow the changes of their links.
    pub(crate) calls: Arc<Calls>,
    /// Whether new links get an epoch.
    pub(crate) has_epochs: bool,
}
