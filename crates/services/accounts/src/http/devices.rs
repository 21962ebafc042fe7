//! The endpoints of devices.

pub(crate) mod delete;
pub(crate) mod list;
pub(crate) mod owner;
pub(crate) mod problems;
pub(crate) mod register;
pub(crate) mod rename;
