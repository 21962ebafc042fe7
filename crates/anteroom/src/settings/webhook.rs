//! The settings of webhooks.

use std::num::{NonZeroU64, NonZeroUsize};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct WebhookSection {
    /// Where the issuer's events are posted.
    pub(crate) url: Option<String>,
    /// Where the room service's events are posted.
    pub(crate) rooms_url: Option<String>,
    /// How many events of a service may wait before they are dropped and counted.
    pub(crate) queue: NonZeroUsize,
    /// For one request.
    pub(crate) timeout_seconds: NonZeroU64,
}

impl Default for WebhookSection {
    fn default() -> Self {
        Self {
            url: None,
            rooms_url: None,
            queue: const { NonZeroUsize::new(10_000).unwrap() },
            timeout_seconds: const { NonZeroU64::new(10).unwrap() },
        }
    }
}
