//! The providers, and the trust in them.

use std::time::Duration;

use anteroom_http_client::is_safe;
use url::Url;

/// The settings of one provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderSettings {
    /// The issuer identifier, exactly as the provider's tokens and configuration have it: an
    /// `https` URL without query and fragment, or `http` on the machine itself.
    pub issuer: String,
    /// The accepted values of `aud`. A token must contain one of them.
    pub audiences: Vec<String>,
    /// The tolerance for the difference between the provider's clock and this one.
    pub clock_skew: Duration,
    /// The interval at which the keys are fetched.
    pub refresh: Duration,
    /// The time for which keys are used that cannot be fetched again.
    pub keys_max_age: Duration,
}

impl ProviderSettings {
    /// Creates settings with a skew of a minute, and keys that are fetched every 15 minutes and
    /// used for a day.
    #[must_use]
    pub fn new(issuer: &str, audiences: Vec<String>) -> Self {
        Self {
            issuer: issuer.to_owned(),
            audiences,
            clock_skew: Duration::from_secs(60),
            refresh: Duration::from_secs(15 * 60),
            keys_max_age: Duration::from_secs(24 * 60 * 60),
        }
    }

    pub(crate) fn check(&self) -> Result<(), ProviderError> {
        let refuse = |reason| {
            Err(ProviderError {
                issuer: self.issuer.clone(),
                reason,
            })
        };
        let Ok(url) = Url::parse(&self.issuer) else {
            return refuse("it is no URL");
        };
        if !is_safe(&url) {
            return refuse("it is neither https nor on this machine");
        }
        let bare = url.query().is_none() && url.fragment().is_none();
        if !bare || !url.username().is_empty() || url.password().is_some() {
            return refuse("it has more than scheme, host, port and path");
        }
        if self.audiences.is_empty() || self.audiences.iter().any(String::is_empty) {
            return refuse("it has no audience");
        }
        if self.refresh.is_zero() || self.keys_max_age < self.refresh {
            return refuse("its keys would be too old before they are fetched again");
        }
        Ok(())
    }

    /// Returns the URL of the configuration (OpenID Connect Discovery 1.0, section 4.1).
    pub(crate) fn discovery_url(&self) -> String {
        let issuer = self.issuer.trim_end_matches('/');
        format!("{issuer}/.well-known/openid-configuration")
    }
}

/// The error for a provider that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the issuer {issuer:?} cannot be used: {reason}")]
pub struct ProviderError {
    issuer: String,
    reason: &'static str,
}

impl ProviderError {
    pub(crate) fn twice(issuer: &str) -> Self {
        Self {
            issuer: issuer.to_owned(),
            reason: "it is there twice",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_issuers_that_can_be_trusted_are_taken() {
        for (issuer, good) in [
            ("https://id.example", true),
            ("https://id.example/", true),
            ("https://id.example:8443/realms/a", true),
            ("http://localhost:8080/realms/a", true),
            ("http://127.0.0.1:1", true),
            ("http://[::1]:1", true),
            ("http://id.example", false),
            ("http://10.0.0.1", false),
            ("http://localhost.example", false),
            ("ftp://localhost", false),
            ("id.example", false),
            ("", false),
            ("https://id.example?a=b", false),
            ("https://id.example#a", false),
            ("https://user@id.example", false),
        ] {
            let settings = ProviderSettings::new(issuer, vec!["us".to_owned()]);
            assert_eq!(settings.check().is_ok(), good, "{issuer}");
        }
    }

    #[test]
    fn audience_and_times_must_make_sense() {
        let settings = ProviderSettings::new("https://id.example", vec!["us".to_owned()]);
        let changed = |change: fn(&mut ProviderSettings)| {
            let mut settings = settings.clone();
            change(&mut settings);
            settings.check().is_ok()
        };
        assert!(changed(|_| {}));
        assert!(!changed(|settings| settings.audiences.clear()));
        assert!(!changed(|settings| settings.audiences.push(String::new())));
        assert!(!changed(|settings| settings.refresh = Duration::ZERO));
        assert!(!changed(
            |settings| settings.keys_max_age = Duration::from_secs(1)
        ));
    }

    #[test]
    fn the_configuration_is_below_the_issuer() {
        for (issuer, expected) in [
            (
                "https://a.example",
                "https://a.example/.well-known/openid-configuration",
            ),
            (
                "https://a.example/x/",
                "https://a.example/x/.well-known/openid-configuration",
            ),
        ] {
            assert_eq!(
                ProviderSettings::new(issuer, Vec::new()).discovery_url(),
                expected
            );
        }
    }
}
