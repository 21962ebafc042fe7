//! Devices in calls.

mod member;
mod room;
mod sequence;

pub(crate) use self::room::{AdmissionPolicy, Room};
