//! Devices in a call that say numbered sounds, sealed for its members, and note those that they hear.

mod journal;
mod room;
mod talker;

pub(crate) use self::{room::TalkRoom, talker::Talker};
