//! The context to which the statements that this device knows lead.

use std::collections::BTreeSet;

use anteroom_e2ee::RoomContext;
use anteroom_protocol::Timestamp;

/// The context to which the statements that this device knows lead.
#[derive(Clone, Debug)]
pub(crate) struct NextContext {
    pub(crate) context: RoomContext,
    pub(crate) is_changed: bool,
    /// The leaves that it puts out.
    pub(crate) barred: BTreeSet<u32>,
    /// The time from which it is to be computed again, with an entry that is of too late a time before.
    pub(super) again: Option<Timestamp>,
}
