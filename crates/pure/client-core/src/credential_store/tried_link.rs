//! Root keys that a room service was asked to create a room for, without a known end.

use std::fmt;

use super::spare_link::SpareLink;

/// A spare link that one room service may have seen.
#[derive(Clone)]
pub(super) struct TriedLink {
    pub(super) link: SpareLink,
    /// The base URL of that room service.
    pub(super) service: String,
}

impl fmt::Debug for TriedLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TriedLink(..)")
    }
}
