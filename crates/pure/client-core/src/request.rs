//! Requests as values.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use serde::Serialize;
use url::Url;
use zeroize::Zeroizing;

use crate::{TransportFailure, service_url::below};

/// A request to a service: its method, path, query, headers and body. `Debug` shows the method and the path.
#[derive(Clone)]
pub struct Request {
    method: Method,
    path: Vec<String>,
    query: Vec<(&'static str, u64)>,
    headers: HeaderMap,
    body: Option<Zeroizing<Vec<u8>>>,
}

impl Request {
    /// Creates a request without a body for a path below the service's base URL.
    #[must_use]
    pub fn new(method: Method, path: &[&str]) -> Self {
        Self {
            method,
            path: path.iter().map(|segment| (*segment).to_owned()).collect(),
            query: Vec::new(),
            headers: HeaderMap::new(),
            body: None,
        }
    }

    /// Adds a number to the query.
    #[must_use]
    pub fn with_query(mut self, name: &'static str, value: u64) -> Self {
        self.query.push((name, value));
        self
    }

    /// Sets a header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: impl Into<HeaderValue>) -> Self {
        self.headers.insert(name, value.into());
        self
    }

    /// Sets a header that is marked as sensitive.
    ///
    /// # Errors
    /// The text cannot stand in a header.
    pub fn with_secret(self, name: HeaderName, text: &str) -> Result<Self, TransportFailure> {
        let mut value = HeaderValue::from_str(text)
            .map_err(|_| TransportFailure::Malformed("a secret fits no header"))?;
        value.set_sensitive(true);
        Ok(self.with_header(name, value))
    }

    /// Sets the body.
    #[must_use]
    pub fn with_json(mut self, body: &impl Serialize) -> Self {
        // Serializing strings, numbers and flags cannot fail.
        let body = serde_json::to_vec(body).unwrap_or_default();
        self.body = Some(Zeroizing::new(body));
        let json = HeaderValue::from_static("application/json");
        self.with_header(header::CONTENT_TYPE, json)
    }

    /// Returns the method.
    #[must_use]
    pub const fn method(&self) -> &Method {
        &self.method
    }

    /// Returns the URL at a service.
    ///
    /// # Errors
    /// [`TransportFailure::BaseUrl`] for a base without a host.
    pub fn url(&self, base: &Url) -> Result<Url, TransportFailure> {
        let mut url = below(base, &self.path)?;
        if !self.query.is_empty() {
            let query = self.query.iter();
            let query = query.map(|(name, value)| (name, value.to_string()));
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    /// Returns the headers.
    #[must_use]
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns the body.
    #[must_use]
    pub fn body(&self) -> Option<&[u8]> {
        self.body.as_ref().map(|body| body.as_slice())
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({} /{})", self.method, self.path.join("/"))
    }
}
