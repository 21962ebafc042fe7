//! The fetch of a provider's documents: one bounded answer, from exactly the requested URL.

use std::time::Duration;

use anteroom_http_client::{
    ExchangeError, HttpClient, HttpClientError, HttpClientOptions, is_safe,
};
use http::StatusCode;
use url::Url;

/// The maximum length of a document, in bytes.
const MAX_DOCUMENT: usize = 256 * 1024;

/// Creates the HTTP client for [`crate::OidcVerifier`]: without redirects, and bounded in time.
/// `extra_roots` are certificates (PEM) that are trusted in addition to the system's.
///
/// # Errors
/// When the certificates are not PEM, or the TLS library cannot be set up.
pub fn http_client(
    timeout: Duration,
    extra_roots: Option<&[u8]>,
) -> Result<HttpClient, HttpClientError> {
    HttpClient::new(HttpClientOptions {
        extra_roots,
        ..HttpClientOptions::new(timeout)
    })
}

/// The reason why there is no document. It contains no part of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FetchError {
    NotSafe,
    Unreachable,
    Status(u16),
    TooLarge,
}

/// Returns the body of a 200.
pub(crate) async fn document(http: &HttpClient, url: &str) -> Result<Vec<u8>, FetchError> {
    let url = Url::parse(url).map_err(|_| FetchError::NotSafe)?;
    if !is_safe(&url) {
        return Err(FetchError::NotSafe);
    }
    let answer = http.get(url).send().await;
    let answer = answer.map_err(FetchError::of_exchange)?;
    if answer.status() != StatusCode::OK {
        return Err(FetchError::Status(answer.status().as_u16()));
    }
    let body = answer.body(MAX_DOCUMENT).await;
    body.map_err(FetchError::of_exchange)
}

impl FetchError {
    const fn of_exchange(error: ExchangeError) -> Self {
        match error {
            ExchangeError::TooLong => Self::TooLarge,
            ExchangeError::Unreachable { .. }
            | ExchangeError::TimedOut
            | ExchangeError::BrokenOff => Self::Unreachable,
        }
    }
}
