//! The decisions of the room service: commands in, outcomes out, without HTTP.

pub(crate) mod admission;
pub(crate) mod calls;
pub(crate) mod group_token;
pub(crate) mod media;
