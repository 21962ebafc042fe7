//! The fetch of a provider's documents: one bounded answer, from exactly the requested URL.

use std::time::Duration;

use reqwest::{Certificate, Client, StatusCode, redirect::Policy};
use url::Url;

use crate::settings::is_safe;

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
) -> Result<Client, reqwest::Error> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Another thread may install a provider at the same moment. Either one serves.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    let mut builder = Client::builder()
        .redirect(Policy::none())
        .connect_timeout(timeout)
        .timeout(timeout);
    if let Some(pem) = extra_roots {
        builder = builder.tls_certs_merge(Certificate::from_pem_bundle(pem)?);
    }
    builder.build()
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
pub(crate) async fn document(http: &Client, url: &str) -> Result<Vec<u8>, FetchError> {
    let url = Url::parse(url).map_err(|_| FetchError::NotSafe)?;
    if !is_safe(&url) {
        return Err(FetchError::NotSafe);
    }
    let answer = http.get(url.clone()).send().await;
    let mut answer = answer.map_err(|_| FetchError::Unreachable)?;
    // A client that follows redirects may have fetched another URL.
    if *answer.url() != url {
        return Err(FetchError::NotSafe);
    }
    if answer.status() != StatusCode::OK {
        return Err(FetchError::Status(answer.status().as_u16()));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|_| FetchError::Unreachable)? {
        if bytes.len().saturating_add(chunk.len()) > MAX_DOCUMENT {
            return Err(FetchError::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
