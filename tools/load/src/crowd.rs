//! Devices in calls.

mod ledger;
mod member;
mod room;

pub(crate) use self::room::{Company, Room};
