//! The clients that a room service announces.

use serde_json::Value;

/// A client that was announced to a `FakeMediaServer`.
#[derive(Clone, Debug, PartialEq)]
pub struct AnnouncedClient {
    /// The era in the path.
    pub era: String,
    /// The demux id in the path.
    pub demux_id: u32,
    /// The body.
    pub body: Value,
}

impl AnnouncedClient {
    pub(super) fn text(&self, member: &str) -> &str {
        self.body
            .get(member)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    pub(super) fn flag(&self, member: &str) -> bool {
        self.body
            .get(member)
            .and_then(Value::as_bool)
            .unwrap_or(false)
    }
}
