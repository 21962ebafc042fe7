//! The settings of relays.

use std::time::Duration;

use anteroom_http_client::is_safe;
use url::Url;

use crate::{HostName, RelaySecret, RelayTtl, RelayUrl, UrlTemplate};

/// The settings of one source of relays.
#[derive(Clone, Debug)]
pub struct RelaySettings {
    /// The provider of credentials.
    pub provider: ProviderSettings,
    /// The time for which credentials are valid.
    pub ttl: RelayTtl,
    /// The relay's host. It is resolved for each request that fills templates.
    pub host: HostName,
    /// The URLs for clients, by name. Empty with [`ProviderSettings::Http`], whose answers contain
    /// them.
    pub urls: Vec<RelayUrl>,
    /// The URLs for clients, by address. There may be none.
    pub url_templates: Vec<UrlTemplate>,
}

/// The provider of credentials.
#[derive(Clone, Debug)]
pub enum ProviderSettings {
    /// A coturn server, which accepts credentials that are made here.
    Coturn {
        /// The `static-auth-secret` of the server.
        secret: RelaySecret,
    },
    /// An HTTP API, which issues credentials.
    Http {
        /// The URL of the `POST`.
        url: ProviderUrl,
        /// The bearer token.
        token: RelaySecret,
        /// The maximum time of the whole exchange, with all its attempts.
        timeout: Duration,
    },
    /// No credentials: STUN only.
    Static,
}

/// The URL of a provider's API: `https`, or `http` on the machine itself, because the token and the
/// credentials are sent over it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderUrl(pub(crate) Url);

impl ProviderUrl {
    /// Parses a URL; `None` if it cannot be used.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let is_plain = url.username().is_empty() && url.password().is_none();
        (is_plain && is_safe(&url) && url.fragment().is_none()).then_some(Self(url))
    }
}

/// An alternative for a share of the accounts. They are always the same accounts, and a larger
/// share includes those of a smaller one.
#[derive(Clone, Debug)]
pub struct RelayExperiment {
    /// The share, in percent.
    pub percent: u8,
    /// The relays for that share.
    pub relays: RelaySettings,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_providers_address_is_safe_for_a_token() {
        for (text, taken) in [
            ("https://api.example/v1/turn/keys/a/credentials", true),
            ("https://api.example:8443/?a=b", true),
            ("http://127.0.0.1:8000/", true),
            ("http://[::1]:8000/", true),
            ("http://localhost/", true),
            ("http://api.example/", false),
            ("http://192.0.2.1/", false),
            ("https://user:password@api.example/", false),
            ("https://api.example/#part", false),
            ("ftp://api.example/", false),
            ("api.example", false),
            ("https://", false),
            ("", false),
        ] {
            assert_eq!(ProviderUrl::parse(text).is_some(), taken, "{text}");
        }
    }
}
