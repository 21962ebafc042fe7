//! The settings of webhooks.

use std::num::{NonZeroU64, NonZeroUsize};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The settings of the receiver of events.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookSection {
    /// The URL to which the issuer posts its events.
    pub url: Option<String>,
    /// The URL to which the room service posts its events.
    pub rooms_url: Option<String>,
    /// The most events of a service that wait before further ones are dropped and counted.
    pub queue: NonZeroUsize,
    /// The time for one request.
    pub timeout_seconds: NonZeroU64,
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
