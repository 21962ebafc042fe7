//! Tokens of the identity providers in the settings.

use std::{fs, sync::Arc, time::Duration};

use anteroom_accounts::{ExternalIdentity, IdentityVerifier};
use anteroom_console::{failure::Failure, os::OsClock};
use anteroom_oidc::{OidcVerifier, ProviderSettings, http_client};
use anyhow::Context as _;
use async_trait::async_trait;

use crate::settings::OidcSettings;

/// Returns the verifier, if there are any providers.
pub fn open_identity(settings: &OidcSettings) -> anyhow::Result<Option<OidcVerifier>> {
    if settings.issuers.is_empty() {
        return Ok(None);
    }
    let roots = settings.extra_roots.as_ref().map(|path| {
        fs::read(path).with_context(|| format!("oidc.extra_roots: {}", path.display()))
    });
    let timeout = Duration::from_secs(settings.timeout_seconds.get());
    let http = http_client(timeout, roots.transpose()?.as_deref()).map_err(|error| {
        Failure::failed("HTTPS to the identity providers cannot be set up")
            .with_reason(error)
            .next("Look whether oidc.extra_roots is a PEM file")
    })?;
    let providers = settings.issuers.iter().map(|issuer| ProviderSettings {
        issuer: issuer.clone(),
        audiences: settings.audiences.clone(),
        clock_skew: Duration::from_secs(settings.clock_skew_seconds.into()),
        refresh: Duration::from_secs(settings.refresh_seconds.get()),
        keys_max_age: Duration::from_secs(settings.keys_max_age_seconds.get()),
    });
    OidcVerifier::new(providers.collect(), &http, Arc::new(OsClock))
        .context("oidc.issuers")
        .map(Some)
}

/// The adapter of the verifier for the issuer.
pub struct OidcIdentityVerifier(pub OidcVerifier);

#[async_trait]
impl IdentityVerifier for OidcIdentityVerifier {
    async fn verify(&self, token: &str) -> Option<ExternalIdentity> {
        let subject = self.0.verify(token).await.ok()?;
        Some(ExternalIdentity {
            issuer: subject.issuer,
            subject: subject.subject,
            issued: subject.issued,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_are_usable_or_refused_by_name() {
        for (text, expected) in [
            ("", Ok(0)),
            (
                "issuers = ['https://a.example', 'https://b.example/realms/x']",
                Ok(2),
            ),
            (
                "issuers = ['http://a.example']",
                Err("oidc.issuers: the issuer \"http://a.example\""),
            ),
            (
                "issuers = ['https://a.example', 'https://a.example']",
                Err("twice"),
            ),
            (
                "issuers = ['https://a.example']\naudiences = []",
                Err("no audience"),
            ),
            (
                "issuers = ['https://a.example']\nkeys_max_age_seconds = 1",
                Err("too old"),
            ),
            (
                "issuers = ['https://a.example']\nextra_roots = '/nowhere/a.pem'",
                Err("oidc.extra_roots: /nowhere/a.pem"),
            ),
        ] {
            let settings: OidcSettings = toml::from_str(text).unwrap();
            let got = open_identity(&settings)
                .map(|verifier| verifier.map_or(0, |verifier| verifier.dependencies().len()))
                .map_err(|error| format!("{error:#}"));
            match (&got, expected) {
                (Ok(got), Ok(expected)) => assert_eq!(*got, expected, "{text}"),
                (Err(got), Err(expected)) => assert!(got.contains(expected), "{got}"),
                _ => panic!("{text}: {got:?}"),
            }
        }
    }
}
