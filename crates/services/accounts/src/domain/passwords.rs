//! Passwords and their hashes.

pub(crate) mod attempt_source;
pub(crate) mod hash_queue;
pub(crate) mod hasher;
pub(crate) mod password;
