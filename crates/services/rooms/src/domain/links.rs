//! Decisions about call links.

pub(crate) mod create;
pub(crate) mod update;
