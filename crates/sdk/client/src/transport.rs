//! HTTP: one request, one answer of bounded length.

use std::time::Duration;

use anteroom_client_core::{Answer, Request, parse_base};
use reqwest::{Client, ClientBuilder, Method, Response, redirect::Policy};
use url::{Host, Url};
use zeroize::Zeroizing;

use crate::{
    ServiceAddress, TransportFailure, is_loopback,
    transport_error::{failure, transport_error},
    upgrade::with_headers,
};

/// The maximum length of the issuer's answers, in bytes: a batch of 8 days has about 9 KiB.
pub(crate) const MAX_ISSUER_ANSWER: usize = 256 * 1024;
/// The maximum length of the room service's answers, in bytes: a peek at a call of 1,000 devices with as many
/// in its lobby has about 350 KiB.
pub(crate) const MAX_ROOMS_ANSWER: usize = 512 * 1024;

/// The time limits of connections and requests.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// The limit for connecting, TLS included.
    pub connect: Duration,
    /// The limit for a whole exchange.
    pub request: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            request: Duration::from_secs(20),
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Transport {
    http: Client,
    pub(crate) base: Url,
    /// The maximum length of an answer, in bytes.
    max_answer: usize,
}

impl Transport {
    pub(crate) fn new(
        base: &ServiceAddress,
        timeouts: Timeouts,
        max_answer: usize,
    ) -> Result<Self, TransportFailure> {
        Self::build(base, timeouts, max_answer, |builder| {
            builder.timeout(timeouts.request)
        })
    }

    /// Creates a transport for long-lived connections: HTTP/1.1, which supports upgrades, without a limit for
    /// the whole exchange.
    pub(crate) fn lasting(
        base: &ServiceAddress,
        timeouts: Timeouts,
    ) -> Result<Self, TransportFailure> {
        let max_answer = MAX_ROOMS_ANSWER;
        Self::build(base, timeouts, max_answer, ClientBuilder::http1_only)
    }

    fn build(
        address: &ServiceAddress,
        timeouts: Timeouts,
        max_answer: usize,
        kind: impl FnOnce(ClientBuilder) -> ClientBuilder,
    ) -> Result<Self, TransportFailure> {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // Another thread may have installed a provider at the same moment; either one works.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let base = parse_base(address.url())?;
        let mut builder = Client::builder()
            // Credentials must not follow a redirect.
            .redirect(Policy::none())
            .connect_timeout(timeouts.connect);
        if is_loopback(&base) || address.connect_to.is_some() {
            builder = builder.no_proxy();
        }
        if let (Some(Host::Domain(name)), Some(mut address)) = (base.host(), address.connect_to) {
            // Port 0 means the port of the URL.
            address.set_port(0);
            builder = builder.resolve(name, address);
        }
        let http = kind(builder)
            .build()
            .map_err(|error| TransportFailure::Setup(transport_error(error)))?;
        Ok(Self {
            http,
            base,
            max_answer,
        })
    }

    /// Returns whether requests would cross a network unencrypted.
    pub(crate) fn is_exposed(&self) -> bool {
        self.base.scheme() == "http" && !is_loopback(&self.base)
    }

    /// Sends a request, and returns the answer whatever its status.
    pub(crate) async fn exchange(&self, request: &Request) -> Result<Answer, TransportFailure> {
        let url = request.url(&self.base)?;
        let mut builder = self.http.request(request.method().clone(), url);
        builder = builder.headers(request.headers().clone());
        if let Some(body) = request.body() {
            builder = builder.body(body.to_vec());
        }
        self.read(builder.send().await.map_err(failure)?).await
    }

    /// Asks for a socket of a call at a URL, and returns the answer before its body.
    pub(crate) async fn upgrade(&self, url: Url, key: &str) -> Result<Response, TransportFailure> {
        let request = with_headers(self.http.request(Method::GET, url), key);
        request.send().await.map_err(failure)
    }

    /// Reads an answer of bounded length.
    pub(crate) async fn read(&self, mut response: Response) -> Result<Answer, TransportFailure> {
        let status = response.status();
        let headers = std::mem::take(response.headers_mut());
        let mut body = Zeroizing::new(Vec::new());
        // Errors of a body do not say where it comes from.
        let url = response.url().clone();
        let broken = |error: reqwest::Error| failure(error.with_url(url.clone()));
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            if body.len() + chunk.len() > self.max_answer {
                return Err(TransportFailure::TooLarge {
                    limit: self.max_answer,
                });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer::new(status, headers, body))
    }
}
