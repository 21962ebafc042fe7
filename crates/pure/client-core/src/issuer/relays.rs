//! Media relays with their credentials.

use std::time::Duration;

use anteroom_wire::issuer::{RelayEntry, RelaysResponse};
use http::Method;
use secrecy::SecretString;

use crate::{Answer, IssuerError, Request, TransportFailure};

/// A TURN or STUN server with the credentials it accepts. `Debug` shows no credentials. They are wiped on
/// drop.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RelayServer {
    /// The username; empty if the relay needs no credentials.
    pub username: SecretString,
    /// The password; empty if the relay needs no credentials.
    pub password: SecretString,
    /// The lifetime of the credentials.
    pub ttl: Duration,
    /// URLs with the name of the relay's host.
    pub urls: Vec<String>,
    /// URLs with the addresses of the host; may be empty.
    pub urls_with_ips: Vec<String>,
    /// The name in the relay's TLS certificate, for connections by address.
    pub hostname: String,
}

/// Returns the request.
#[must_use]
pub fn request() -> Request {
    Request::new(Method::GET, &["v2", "calling", "relays"])
}

/// Reads the answer; an empty list if there are no relays.
pub fn read(answer: &Answer) -> Result<Vec<RelayServer>, IssuerError> {
    Ok(received(answer.json()?)?)
}

/// Validates the relays of an answer. The texts come from the issuer and may be displayed on a terminal.
fn received(body: RelaysResponse) -> Result<Vec<RelayServer>, TransportFailure> {
    body.relays.into_iter().map(relay).collect()
}

fn relay(body: RelayEntry) -> Result<RelayServer, TransportFailure> {
    let relay = RelayServer {
        username: body.username.as_str().into(),
        password: body.password.as_str().into(),
        ttl: Duration::from_secs(body.ttl),
        urls: body.urls,
        urls_with_ips: body.urls_with_ips,
        hostname: body.hostname,
    };
    let has_controls = |text: &String| text.chars().any(char::is_control);
    let urls = relay.urls.iter().chain(&relay.urls_with_ips);
    if urls.chain([&relay.hostname]).any(has_controls) {
        return Err(TransportFailure::Malformed(
            "a relay's URL has control characters",
        ));
    }
    Ok(relay)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_relay_is_received_and_its_credentials_are_not_shown() {
        let body = |url: &str| {
            serde_json::json!({ "relays": [{
                "username": "the user", "password": "the password", "ttl": 60, "urls": [url],
                "urlsWithIps": [], "hostname": "relay.example", "more": 1,
            }]})
        };
        let parse = |url: &str| received(serde_json::from_value(body(url)).unwrap());
        let relays = parse("turn:relay.example").unwrap();
        assert_eq!(relays[0].password.expose_secret(), "the password");
        let shown = format!("{relays:?}");
        assert!(!shown.contains("the "), "{shown}");
        assert!(parse("turn:\u{1b}[2J").is_err());
    }
}
