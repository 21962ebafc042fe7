//! The address of a service.

use std::net::SocketAddr;

/// The URL of a service, and the address to connect to if it differs from the address of the URL's host name.
///
/// The second is for clients on the host of the service: the certificate is valid for the public name, and
/// the connection need not leave the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAddress {
    url: String,
    pub(crate) connect_to: Option<SocketAddr>,
}

impl ServiceAddress {
    /// Creates the address of a service that is reached at `address`, with the port of the URL.
    #[must_use]
    pub fn reached_at(url: impl Into<String>, address: SocketAddr) -> Self {
        Self {
            url: url.into(),
            connect_to: Some(address),
        }
    }

    /// Returns the URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl<T: AsRef<str>> From<T> for ServiceAddress {
    fn from(url: T) -> Self {
        Self {
            url: url.as_ref().to_owned(),
            connect_to: None,
        }
    }
}

impl From<&Self> for ServiceAddress {
    fn from(address: &Self) -> Self {
        address.clone()
    }
}
