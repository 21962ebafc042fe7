//! HTTP: one request, one answer of bounded length, refusals as typed errors.

use std::{
    error::Error,
    net::IpAddr,
    time::{Duration, SystemTime},
};

use anteroom_protocol::{Timestamp, printable};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use reqwest::{Client, ClientBuilder, Method, RequestBuilder, Response, redirect::Policy};
use serde::de::DeserializeOwned;
use url::{Host, Url};
use zeroize::Zeroizing;

use crate::{
    IssuerError, Problem, Service, ServiceAddress, TransportError, failure::TransportFailure,
    wire::ProblemBody,
};

/// The maximum length of the issuer's answers, in bytes: a batch of 8 days has about 9 KiB.
pub(crate) const MAX_ISSUER_ANSWER: usize = 256 * 1024;
/// The maximum length of the room service's answers, in bytes: a peek at a call of 1,000 devices with as many
/// in its lobby has about 350 KiB.
pub(crate) const MAX_ROOMS_ANSWER: usize = 512 * 1024;
/// The problem code for a wrong password.
const WRONG_PASSWORD: &str = "LOGIN_INVALID_CREDENTIALS";
/// The maximum length of a problem text that is passed on, in characters.
const MAX_PROBLEM_CHARS: usize = 300;

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

/// An answer with any status.
pub(crate) struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    /// Wiped on drop, since it may contain tokens.
    body: Zeroizing<Vec<u8>>,
}

impl Answer {
    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.body.is_empty()
    }

    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, TransportFailure> {
        // The parser's own error could quote the body.
        serde_json::from_slice(&self.body)
            .map_err(|_| TransportFailure::Malformed("the JSON is not the expected one"))
    }

    /// Returns the refusal that an answer with a status other than 200 carries.
    pub(crate) fn problem(&self, by: Service) -> Problem {
        problem(by, self.status, &self.headers, &self.body)
    }

    /// Returns the issuer's answer if its status is 200, or 204 for an answer without a body.
    pub(crate) fn good(self) -> Result<Self, IssuerError> {
        if matches!(self.status, StatusCode::OK | StatusCode::NO_CONTENT) {
            return Ok(self);
        }
        Err(IssuerError::Problem(Box::new(
            self.problem(Service::Issuer),
        )))
    }

    /// Returns whether the issuer refuses the access token. A wrong password in the body has the same status,
    /// and must not be sent again.
    pub(crate) fn refuses_token(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED
            && self.problem(Service::Issuer).code != WRONG_PASSWORD
    }

    /// Returns the service's time when it answered.
    pub(crate) fn time(&self) -> Option<Timestamp> {
        time_of(&self.headers)
    }

    /// Returns the body. Only for answers without secrets: the copy is not wiped.
    pub(crate) fn into_body(self) -> Vec<u8> {
        self.body.to_vec()
    }

    pub(crate) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Transport {
    http: Client,
    base: Url,
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
        if is_loopback(&base) || address.connect_to().is_some() {
            builder = builder.no_proxy();
        }
        if let (Some(Host::Domain(name)), Some(mut address)) = (base.host(), address.connect_to()) {
            // Port 0 means the port of the URL.
            address.set_port(0);
            builder = builder.resolve(name, address);
        }
        let http = kind(builder)
            .build()
            .map_err(|error| TransportFailure::Setup(TransportError::new(error)))?;
        Ok(Self {
            http,
            base,
            max_answer,
        })
    }

    pub(crate) const fn base(&self) -> &Url {
        &self.base
    }

    /// Returns whether requests would cross a network unencrypted.
    pub(crate) fn is_exposed(&self) -> bool {
        self.base.scheme() == "http" && !is_loopback(&self.base)
    }

    pub(crate) fn request(
        &self,
        method: Method,
        path: &[&str],
    ) -> Result<RequestBuilder, TransportFailure> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| TransportFailure::BaseUrl("it has no host"))?
            .pop_if_empty()
            .extend(path);
        Ok(self.http.request(method, url))
    }

    pub(crate) fn request_url(&self, method: Method, url: Url) -> RequestBuilder {
        self.http.request(method, url)
    }

    /// Sends a request, and returns the answer whatever its status.
    pub(crate) async fn exchange(
        &self,
        request: RequestBuilder,
    ) -> Result<Answer, TransportFailure> {
        self.read(request.send().await.map_err(failure)?).await
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
        Ok(Answer {
            status,
            headers,
            body,
        })
    }

    /// Sends a request to the issuer, and returns the answer if it is a [good](Answer::good) one.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Answer, IssuerError> {
        self.exchange(request).await?.good()
    }
}

/// Creates a header value that is marked as sensitive.
pub(crate) fn sensitive(text: &str) -> Result<HeaderValue, TransportFailure> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| TransportFailure::Malformed("a secret fits no header"))?;
    value.set_sensitive(true);
    Ok(value)
}

pub(crate) fn parse_base(text: &str) -> Result<Url, TransportFailure> {
    let url = Url::parse(text).map_err(|_| TransportFailure::BaseUrl("it is no URL"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(TransportFailure::BaseUrl(
            "it starts with neither http nor https",
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(TransportFailure::BaseUrl(
            "it holds a user name or a password",
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(TransportFailure::BaseUrl("it has a query or a fragment"));
    }
    Ok(url)
}

/// Returns whether the host of a URL is a loopback address or `localhost`. Requests to it use no proxy and
/// stay on this machine.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

pub(crate) fn failure(error: reqwest::Error) -> TransportFailure {
    if error.is_timeout() || timed_out(&error) {
        return TransportFailure::TimedOut;
    }
    TransportFailure::Unreachable(TransportError::new(error))
}

fn timed_out(error: &reqwest::Error) -> bool {
    let mut source = error.source();
    while let Some(cause) = source {
        let io = cause.downcast_ref::<std::io::Error>();
        if io.is_some_and(|io| io.kind() == std::io::ErrorKind::TimedOut) {
            return true;
        }
        source = cause.source();
    }
    false
}

fn problem(by: Service, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Problem {
    let document: Option<ProblemBody> = serde_json::from_slice(body).ok();
    let (code, detail) = document.map_or_else(Default::default, |document| {
        (
            printable(&document.code, MAX_PROBLEM_CHARS),
            printable(&document.detail, MAX_PROBLEM_CHARS),
        )
    });
    let retry_after = headers
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse().ok())
        .map(Duration::from_secs);
    Problem {
        by,
        status,
        code,
        detail,
        retry_after,
        time: time_of(headers),
    }
}

/// Returns the service's time when it sent these headers.
pub(crate) fn time_of(headers: &HeaderMap) -> Option<Timestamp> {
    let date = headers.get(header::DATE)?.to_str().ok()?;
    let date = httpdate::parse_http_date(date).ok()?;
    let since = date.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(Timestamp::from_secs(since.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_surely_stays_on_this_machine_counts_as_loopback() {
        for (url, expected) in [
            ("http://127.0.0.1:1", true),
            ("http://127.9.9.9", true),
            ("http://localhost", true),
            ("http://[::1]:1", true),
            // A proxy or a resolver may handle these.
            ("http://0.0.0.0:1", false),
            ("http://[::]:1", false),
            ("http://[::ffff:127.0.0.1]:1", false),
            ("http://calls.localhost", false),
            ("http://192.0.2.1", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }

    #[test]
    fn only_plain_http_addresses_are_taken() {
        let cases = [
            ("http://127.0.0.1:8080", true),
            ("https://issuer.example", true),
            ("https://issuer.example/below/", true),
            ("issuer.example", false),
            ("ftp://issuer.example", false),
            ("https://user@issuer.example", false),
            ("https://issuer.example/?a=b", false),
            ("https://issuer.example/#a", false),
            ("", false),
        ];
        for (text, accepted) in cases {
            assert_eq!(parse_base(text).is_ok(), accepted, "{text:?}");
        }
    }

    #[test]
    fn paths_extend_the_base_with_and_without_a_slash() {
        for base in [
            "https://issuer.example/below",
            "https://issuer.example/below/",
        ] {
            let transport =
                Transport::new(&base.into(), Timeouts::default(), MAX_ISSUER_ANSWER).unwrap();
            let request = transport
                .request(Method::GET, &["v1", "params"])
                .unwrap()
                .build()
                .unwrap();
            assert_eq!(request.url().path(), "/below/v1/params");
        }
    }

    #[test]
    fn a_refusal_without_a_document_is_still_a_problem() {
        let refusal = problem(
            Service::Issuer,
            StatusCode::BAD_GATEWAY,
            &HeaderMap::new(),
            b"<html>",
        );
        assert_eq!(refusal.status, StatusCode::BAD_GATEWAY);
        assert_eq!(refusal.to_string(), "the issuer refused with 502");
    }

    #[test]
    fn texts_of_the_other_side_cannot_drive_a_terminal() {
        let body = br#"{"code":"CODE","detail":"a\u001b[2Jb\nc"}"#;
        let refusal = problem(
            Service::Issuer,
            StatusCode::BAD_REQUEST,
            &HeaderMap::new(),
            body,
        );
        assert_eq!(refusal.detail, "a[2Jbc");
    }
}
