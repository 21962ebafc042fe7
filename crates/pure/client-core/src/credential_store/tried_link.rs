//! Root keys that a room service was asked to create a room for, without a known end.

use super::spare_link::SpareLink;
use anteroom_protocol::redacted_debug;

/// A spare link that one room service may have seen.
#[derive(Clone)]
pub(super) struct TriedLink {
    pub(super) link: SpareLink,
    /// The base URL of that room service.
    pub(super) service: String,
}

redacted_debug!(TriedLink);
