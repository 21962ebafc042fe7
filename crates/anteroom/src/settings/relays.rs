//! How relays are had.

use std::num::{NonZeroU32, NonZeroU64};

use anteroom_service::BucketSize;
use serde::Deserialize;

/// One way to have relays.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RelaySection {
    pub(crate) provider: RelayProvider,
    pub(crate) hostname: Option<String>,
    pub(crate) urls: Vec<String>,
    pub(crate) urls_with_ips: Vec<String>,
    pub(crate) ttl_seconds: u64,
    pub(crate) api_url: Option<String>,
    pub(crate) timeout_seconds: NonZeroU64,
}

/// Another way for a share of the accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RelayExperimentSection {
    pub(crate) percent: u8,
    pub(crate) relays: RelaySection,
}

/// Where credentials come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RelayProvider {
    #[default]
    None,
    Coturn,
    Http,
    Static,
}

/// The limit of requests for credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RelayBucketSettings {
    pub(crate) capacity: NonZeroU32,
    pub(crate) refill_seconds: NonZeroU64,
}

impl Default for RelayBucketSettings {
    fn default() -> Self {
        Self {
            capacity: const { NonZeroU32::new(100).unwrap() },
            refill_seconds: const { NonZeroU64::new(10 * 60).unwrap() },
        }
    }
}

impl From<RelayBucketSettings> for BucketSize {
    fn from(settings: RelayBucketSettings) -> Self {
        Self::new(settings.capacity, settings.refill_seconds)
    }
}

impl Default for RelaySection {
    fn default() -> Self {
        Self {
            provider: RelayProvider::default(),
            hostname: None,
            urls: Vec::new(),
            urls_with_ips: Vec::new(),
            ttl_seconds: 24 * 60 * 60,
            api_url: None,
            timeout_seconds: const { NonZeroU64::new(5).unwrap() },
        }
    }
}
