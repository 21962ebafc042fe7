//! The helpers that the tests share.

use std::time::Duration;

use anteroom_protocol::{Aci, Timestamp};
use anteroom_runtime::Pseudonymizer;
use anteroom_testkit::LogGuard;
use anteroom_turn::{
    HostName, HostResolver, ProviderSettings, ProviderUrl, RelaySecret, RelaySettings, RelayTtl,
    RelayUrl, RelayUser, UrlTemplate,
};
use zeroize::Zeroizing;

pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);
pub(crate) const SECRET: &str = "a-secret-of-the-tests";

pub(crate) fn secret() -> RelaySecret {
    LogGuard::global().watch_text("relay secret", SECRET);
    RelaySecret::new(Zeroizing::new(SECRET.to_owned())).unwrap()
}

/// Returns a user in this hundredth.
pub(crate) fn user(percentile: u8) -> RelayUser {
    let pseudonymizer = Pseudonymizer::new(Zeroizing::new([1; 32]));
    RelayUser {
        name: pseudonymizer.account(&Aci::from_bytes([2; 16])),
        percentile,
    }
}

pub(crate) fn coturn(host: &str, urls: &[&str], templates: &[&str]) -> RelaySettings {
    let provider = ProviderSettings::Coturn { secret: secret() };
    settings(provider, host, urls, templates)
}

pub(crate) fn http(url: &str, timeout: Duration) -> RelaySettings {
    let provider = ProviderSettings::Http {
        url: ProviderUrl::parse(url).unwrap(),
        token: secret(),
        timeout,
    };
    settings(provider, "relay.example", &[], &[])
}

pub(crate) fn settings(
    provider: ProviderSettings,
    host: &str,
    urls: &[&str],
    templates: &[&str],
) -> RelaySettings {
    let parse = |url: &&str| RelayUrl::parse(url).unwrap();
    let parse_template = |url: &&str| UrlTemplate::parse(url).unwrap();
    RelaySettings {
        provider,
        ttl: RelayTtl::from_secs(600).unwrap(),
        host: HostName::parse(host).unwrap(),
        urls: urls.iter().map(parse).collect(),
        url_templates: templates.iter().map(parse_template).collect(),
    }
}

/// Returns a resolver without a server, for relays without templates, which resolve nothing.
pub(crate) fn no_resolver() -> HostResolver {
    HostResolver::with_name_server("127.0.0.1:9".parse().unwrap()).unwrap()
}
