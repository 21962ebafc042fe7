//! The address of a service.

use std::net::SocketAddr;

/// Where a service is: its URL, and the address to connect to where that is not the one of the
/// URL's name.
///
/// The second is for clients on the host of the service: its certificate is for the public name, and
/// the connection need not go round by the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAddress {
    url: String,
    connect_to: Option<SocketAddr>,
}

impl ServiceAddress {
    /// The service at a URL, which is reached at an address of its own. The port is that of the URL.
    #[must_use]
    pub fn reached_at(url: impl Into<String>, address: SocketAddr) -> Self {
        Self {
            url: url.into(),
            connect_to: Some(address),
        }
    }

    /// The URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    pub(crate) const fn connect_to(&self) -> Option<SocketAddr> {
        self.connect_to
    }
}

impl From<String> for ServiceAddress {
    fn from(url: String) -> Self {
        Self {
            url,
            connect_to: None,
        }
    }
}

impl From<&str> for ServiceAddress {
    fn from(url: &str) -> Self {
        url.to_owned().into()
    }
}

impl From<&String> for ServiceAddress {
    fn from(url: &String) -> Self {
        url.as_str().into()
    }
}

impl From<&Self> for ServiceAddress {
    fn from(address: &Self) -> Self {
        address.clone()
    }
}
