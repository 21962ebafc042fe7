//! The address that a listener is bound to.

use std::{fmt, net::SocketAddr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A host and a port: `127.0.0.1:8080`, `[::1]:8080`, or a host's name, which is resolved when the
/// listener is bound.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct ListenAddress {
    host: String,
    port: u16,
}

/// A text that is no address to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no address to listen on: write a host and a port, such as 127.0.0.1:8080, [::1]:8080 or \
     localhost:8080"
)]
pub struct ListenAddressError;

impl ListenAddress {
    /// Returns the host, an address of IPv6 without its brackets, and the port.
    pub fn parts(&self) -> (&str, u16) {
        (&self.host, self.port)
    }
}

impl From<SocketAddr> for ListenAddress {
    fn from(address: SocketAddr) -> Self {
        Self {
            host: address.ip().to_string(),
            port: address.port(),
        }
    }
}

impl TryFrom<String> for ListenAddress {
    type Error = ListenAddressError;

    fn try_from(text: String) -> Result<Self, ListenAddressError> {
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Ok(address.into());
        }
        let (host, port) = text.rsplit_once(':').ok_or(ListenAddressError)?;
        if !is_name(host) || !port.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ListenAddressError);
        }
        Ok(Self {
            host: host.to_owned(),
            port: port.parse().map_err(|_| ListenAddressError)?,
        })
    }
}

/// Returns whether a text is a host's name and no damaged address: its last label is not a number.
fn is_name(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    let is_label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let last = text.rsplit('.').next().unwrap_or_default();
    text.split('.').all(is_label) && !last.bytes().all(|byte| byte.is_ascii_digit())
}

impl From<ListenAddress> for String {
    fn from(address: ListenAddress) -> Self {
        address.to_string()
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') {
            write!(f, "[{host}]:{port}")
        } else {
            write!(f, "{host}:{port}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_names_of_hosts_have_a_port() {
        for text in [
            "127.0.0.1:8080",
            "0.0.0.0:0",
            "[::1]:8080",
            "[::]:65535",
            "localhost:0",
            "issuer.example:443",
            "issuer.example.:443",
            "pod_1:80",
        ] {
            let address = ListenAddress::try_from(text.to_owned()).unwrap();
            assert_eq!(address.to_string(), text);
        }
        for text in [
            "",
            ":",
            "here",
            "localhost",
            "localhost:",
            ":8080",
            "8080",
            "localhost:x",
            "localhost:+1",
            "localhost:65536",
            "127.0.0:80",
            "300.0.0.1:80",
            "::1:8080",
            "[::1]",
            "[localhost]:80",
            "http://localhost:80",
            "local host:80",
            "a..b:80",
        ] {
            assert_eq!(
                ListenAddress::try_from(text.to_owned()),
                Err(ListenAddressError),
                "{text}"
            );
        }
    }
}
