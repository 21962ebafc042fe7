//! The settings of relays.

use std::num::NonZeroU64;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smart_default::SmartDefault;

/// One way to have relays.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema, SmartDefault)]
#[serde(default, deny_unknown_fields)]
pub struct RelaySettings {
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
    #[default(24 * 60 * 60)]
    pub ttl_seconds: u64,
    /// With `http`: the URL to which the issuer posts for credentials.
    pub api_url: Option<String>,
    /// The longest wait for the provider, all tries included.
    #[default(const { NonZeroU64::new(5).unwrap() })]
    pub timeout_seconds: NonZeroU64,
}

/// Another way for a share of the accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RelayExperimentSettings {
    /// The number of accounts, of each 100, that get the other relays.
    #[schemars(range(max = 100))]
    pub percent: u8,
    /// The other relays.
    pub relays: RelaySettings,
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
