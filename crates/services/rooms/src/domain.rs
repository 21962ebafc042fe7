//! The decisions of the room service, and what they share. Commands come in, outcomes go out, without
//! HTTP.

pub(crate) mod approvals;
pub(crate) mod authorization;
pub(crate) mod calls;
pub(crate) mod cleaner;
pub(crate) mod context;
pub(crate) mod ended_calls;
pub(crate) mod events;
pub(crate) mod external_media;
pub(crate) mod failure;
pub(crate) mod group_token;
pub(crate) mod limits;
pub(crate) mod link_state;
pub(crate) mod links;
pub(crate) mod media;
pub(crate) mod message_operations;
pub(crate) mod node;
pub(crate) mod passkey;
pub(crate) mod peek;
pub(crate) mod room_id;
pub(crate) mod socket_budgets;
pub(crate) mod timeline;
pub(crate) mod transactions;
pub(crate) mod verification;
