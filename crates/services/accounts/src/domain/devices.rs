//! The devices of an account.

pub(crate) mod changes;
pub(crate) mod events;
pub(crate) mod notice;
pub(crate) mod purge;
pub(crate) mod registration;
