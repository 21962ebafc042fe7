//! How relays are had.

use std::{net::IpAddr, time::Duration};

use url::{Host, Url};

use crate::{HostName, RelaySecret, RelayTtl, RelayUrl, UrlTemplate};

/// One way to have relays.
#[derive(Clone, Debug)]
pub struct RelaySettings {
    /// Where credentials come from.
    pub provider: ProviderSettings,
    /// How long credentials are good.
    pub ttl: RelayTtl,
    /// The relay's host. It is resolved for each request that fills templates.
    pub host: HostName,
    /// The URLs for clients, by name. Empty with [`ProviderSettings::Http`], whose answers have them.
    pub urls: Vec<RelayUrl>,
    /// The URLs for clients, by address; they may be missing.
    pub url_templates: Vec<UrlTemplate>,
}

/// Where credentials come from.
#[derive(Clone, Debug)]
pub enum ProviderSettings {
    /// A coturn server takes credentials that are made here.
    Coturn {
        /// Its `static-auth-secret`.
        secret: RelaySecret,
    },
    /// An HTTP API gives credentials.
    Http {
        /// Where to `POST` for them.
        url: ProviderUrl,
        /// The bearer token.
        token: RelaySecret,
        /// For the whole exchange, with all its tries.
        timeout: Duration,
    },
    /// There are no credentials: STUN only.
    Static,
}

/// The address of a provider's API: `https`, or `http` on this machine itself, since the token and
/// the credentials cross the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderUrl(Url);

impl ProviderUrl {
    /// Reads an address; `None` if it cannot be used.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let is_plain = url.username().is_empty() && url.password().is_none();
        let is_safe = match url.scheme() {
            "https" => url.has_host(),
            "http" => is_loopback(&url),
            _ => false,
        };
        (is_plain && is_safe && url.fragment().is_none()).then_some(Self(url))
    }

    pub(crate) fn url(&self) -> &Url {
        &self.0
    }

    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }
}

/// An alternative for a share of the accounts: always the same ones, and with a larger share those
/// and others.
#[derive(Clone, Debug)]
pub struct RelayExperiment {
    /// How many of 100 accounts.
    pub percent: u8,
    /// What they get instead.
    pub relays: RelaySettings,
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
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
