//! Where events are sent.

use std::num::{NonZeroU64, NonZeroUsize};

use serde::Deserialize;

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct WebhookSection {
    pub(crate) url: Option<String>,
    pub(crate) rooms_url: Option<String>,
    pub(crate) queue: NonZeroUsize,
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
