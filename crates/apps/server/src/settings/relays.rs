//! The settings of relays.

use std::num::{NonZeroU32, NonZeroU64};

use anteroom_runtime::BucketSize;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One way to have relays.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RelaySection {
    /// The source of credentials: none, so that there are no relays; coturn, which shares a secret
    /// with the issuer; the HTTP API of a provider; or `static`, without credentials, for STUN
    /// alone.
    pub provider: RelayProvider,
    /// The relay's host. It is resolved for each request, to fill in `urls_with_ips`.
    pub hostname: Option<String>,
    /// The relay's URLs by name. With `http` they come from the provider.
    pub urls: Vec<String>,
    /// URLs by address: `%s` is replaced by each address of the host.
    pub urls_with_ips: Vec<String>,
    /// The time for which credentials are good.
    #[schemars(range(min = 60, max = 172_800))]
    pub ttl_seconds: u64,
    /// With `http`: the URL to which the issuer posts for credentials.
    pub api_url: Option<String>,
    /// The longest wait for the provider, all tries included.
    pub timeout_seconds: NonZeroU64,
}

/// Another way for a share of the accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RelayExperimentSection {
    /// The number of accounts, of each 100, that get the other relays.
    #[schemars(range(max = 100))]
    pub percent: u8,
    /// The other relays.
    pub relays: RelaySection,
}

/// Where credentials come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RelayProvider {
    /// There are no relays.
    #[default]
    None,
    /// A coturn server with a shared secret.
    Coturn,
    /// A provider with an API.
    Http,
    /// Servers with fixed credentials.
    Static,
}

/// The limit of requests for credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RelayBucketSettings {
    /// The most requests of one account at once.
    pub capacity: NonZeroU32,
    /// The time after which one more request of an account is possible.
    pub refill_seconds: NonZeroU64,
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
