//! The decisions of the room service, without HTTP.

pub(crate) mod background;
pub(crate) mod database_health;
pub(crate) mod events;
pub(crate) mod limits;
pub(crate) mod links;
pub(crate) mod message_operations;
pub(crate) mod node;
pub(crate) mod room_id;
pub(crate) mod timeline;
pub(crate) mod transactions;
pub(crate) mod verification;
