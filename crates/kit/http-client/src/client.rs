//! The client and its requests.

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use reqwest::{Certificate, Client, RequestBuilder, redirect::Policy};
use rustls::crypto::{CryptoProvider, ring};
use serde::Serialize;
use url::Url;

use crate::answer::{Answer, ExchangeError, failure};

/// The error for a client that cannot be set up: certificates that are not PEM, or a TLS library
/// that does not work.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct HttpClientError(#[from] reqwest::Error);

/// The options of a client.
#[derive(Clone, Copy, Debug)]
pub struct HttpClientOptions<'a> {
    /// The maximum time of a connection attempt, and of a whole exchange.
    pub timeout: Duration,
    /// Certificates (PEM) that are trusted in addition to the system's.
    pub extra_roots: Option<&'a [u8]>,
    /// Whether requests go through the proxy that the environment names.
    pub proxy: bool,
    /// The maximum number of idle connections that stay open to each host.
    pub idle_connections: usize,
}

impl HttpClientOptions<'_> {
    /// Creates options with this time and without further certificates or limits.
    #[must_use]
    pub const fn new(timeout: Duration) -> Self {
        Self {
            timeout,
            extra_roots: None,
            proxy: true,
            idle_connections: usize::MAX,
        }
    }
}

/// Sends requests. Clones share the connections.
#[derive(Clone, Debug)]
pub struct HttpClient(Client);

impl HttpClient {
    /// Creates a client.
    pub fn new(options: HttpClientOptions<'_>) -> Result<Self, HttpClientError> {
        if CryptoProvider::get_default().is_none() {
            // Another thread may install a provider at the same moment. Either one serves.
            let _ = ring::default_provider().install_default();
        }
        let mut builder = Client::builder()
            .redirect(Policy::none())
            .connect_timeout(options.timeout)
            .timeout(options.timeout)
            .pool_max_idle_per_host(options.idle_connections);
        if !options.proxy {
            builder = builder.no_proxy();
        }
        if let Some(pem) = options.extra_roots {
            builder = builder.tls_certs_merge(Certificate::from_pem_bundle(pem)?);
        }
        Ok(Self(builder.build()?))
    }

    /// Creates a `GET`.
    #[must_use]
    pub fn get(&self, url: Url) -> Request {
        Request(self.0.get(url))
    }

    /// Creates a `POST`.
    #[must_use]
    pub fn post(&self, url: Url) -> Request {
        Request(self.0.post(url))
    }
}

/// A request. `Debug` does not show headers that are marked as sensitive.
#[derive(Debug)]
pub struct Request(RequestBuilder);

impl Request {
    /// Adds a header.
    #[must_use]
    pub fn header<V>(self, name: HeaderName, value: V) -> Self
    where
        HeaderValue: TryFrom<V>,
        <HeaderValue as TryFrom<V>>::Error: Into<http::Error>,
    {
        Self(self.0.header(name, value))
    }

    /// Sets a body of JSON, and its type.
    #[must_use]
    pub fn json(self, body: &impl Serialize) -> Self {
        Self(self.0.json(body))
    }

    /// Sets the body.
    #[must_use]
    pub fn body(self, body: Vec<u8>) -> Self {
        Self(self.0.body(body))
    }

    /// Sends the request. Returns when the head of the answer has arrived.
    pub async fn send(self) -> Result<Answer, ExchangeError> {
        let sent = self.0.send().await;
        sent.map(Answer).map_err(|error| failure(&error))
    }
}
