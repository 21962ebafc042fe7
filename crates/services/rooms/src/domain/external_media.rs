//! Calls on external media servers, where `rooms.media` is `"sfu"`. The media server of this process is another
//! thing: [`crate::domain::media`].

pub(crate) mod client;
pub(crate) mod contract;
pub(crate) mod join;
pub(crate) mod platform;
pub(crate) mod pool;
pub(crate) mod transport;
