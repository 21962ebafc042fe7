//! The devices of an account.

pub(crate) mod announcement;
pub(crate) mod changes;
pub(crate) mod events;
pub(crate) mod list;
pub(crate) mod manage;
pub(crate) mod notice;
pub(crate) mod owner;
pub(crate) mod purge;
pub(crate) mod register;
pub(crate) mod registration;
