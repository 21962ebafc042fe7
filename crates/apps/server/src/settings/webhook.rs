//! The settings of webhooks.

use std::num::{NonZeroU64, NonZeroUsize};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smart_default::SmartDefault;

/// The settings of the receiver of events.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema, SmartDefault)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookSettings {
    /// The URL to which the issuer posts its events.
    pub url: Option<String>,
    /// The URL to which the room service posts its events.
    pub rooms_url: Option<String>,
    /// The most events of a service that wait before further ones are dropped and counted.
    #[default(const { NonZeroUsize::new(10_000).unwrap() })]
    pub queue: NonZeroUsize,
    /// The time for one request.
    #[default(const { NonZeroU64::new(10).unwrap() })]
    pub timeout_seconds: NonZeroU64,
}
