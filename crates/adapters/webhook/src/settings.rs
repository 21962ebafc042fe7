//! The settings of a webhook.

use std::{io, num::NonZeroUsize, path::PathBuf, time::Duration};

use anteroom_http_client::{HttpClientError, is_safe};
use anteroom_runtime::{Backoff, redacted_debug};
use url::Url;
use zeroize::Zeroizing;

/// The minimum length of a secret, in bytes.
const MIN_SECRET: usize = 16;

/// The secret that signs requests. `Debug` hides it, and it is wiped on drop.
pub struct WebhookSecret(Zeroizing<String>);

impl WebhookSecret {
    /// Creates a secret whose bytes are the key.
    ///
    /// # Errors
    /// When it has fewer than 16 bytes.
    pub fn new(secret: Zeroizing<String>) -> Result<Self, WebhookError> {
        if secret.len() < MIN_SECRET {
            return Err(WebhookError::ShortSecret);
        }
        Ok(Self(secret))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

redacted_debug!(WebhookSecret);

/// The settings of a webhook.
#[derive(Debug)]
pub struct WebhookSettings {
    /// The URL of the receiver: `https`, or `http` on the machine itself.
    pub url: String,
    /// The secret that signs requests.
    pub secret: WebhookSecret,
    /// The folder of waiting events. It is created if it is missing.
    pub spool: PathBuf,
    /// The maximum number of waiting events.
    pub capacity: NonZeroUsize,
    /// The maximum time of one request.
    pub timeout: Duration,
    /// The pauses between attempts.
    pub backoff: Backoff,
}

/// The reason why a webhook cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// The URL is malformed, contains a password, or would send events in the clear.
    #[error("the URL must be https (or http on this machine), without user and password")]
    Url,
    /// The secret is too short, so that it can be guessed.
    #[error("the secret must have at least 16 bytes")]
    ShortSecret,
    /// The TLS library cannot be set up.
    #[error("HTTPS cannot be set up")]
    Https(#[source] HttpClientError),
    /// The folder cannot be used, or the thread cannot be started.
    #[error("the folder of events that wait cannot be used")]
    Spool(#[source] io::Error),
}

/// Makes sure that events may be sent to a URL.
///
/// # Errors
/// [`WebhookError::Url`].
pub fn check_url(url: &str) -> Result<(), WebhookError> {
    checked(url).map(drop)
}

pub(crate) fn checked(url: &str) -> Result<Url, WebhookError> {
    let url = Url::parse(url).map_err(|_| WebhookError::Url)?;
    if !is_safe(&url) || !url.username().is_empty() || url.password().is_some() {
        return Err(WebhookError::Url);
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_sent_encrypted_or_not_off_the_machine() {
        for (url, good) in [
            ("https://hooks.example/a?b=c", true),
            ("http://localhost:8080/", true),
            ("http://127.0.0.1/", true),
            ("http://[::1]/", true),
            ("http://hooks.example/", false),
            ("http://10.0.0.1/", false),
            ("ftp://localhost/", false),
            ("https://user:password@hooks.example/", false),
            ("https://user@hooks.example/", false),
            ("hooks.example", false),
            ("", false),
        ] {
            assert_eq!(checked(url).is_ok(), good, "{url}");
        }
    }

    #[test]
    fn secrets_are_long_and_do_not_show_themselves() {
        let secret = |text: &str| WebhookSecret::new(text.to_owned().into());
        assert!(secret("0123456789abcde").is_err());
        let good = secret("0123456789abcdef").unwrap();
        assert_eq!(format!("{good:?}"), "WebhookSecret(..)");
    }
}
