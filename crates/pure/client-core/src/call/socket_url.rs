//! The URL of the socket of a room service.

use url::Url;

use crate::{
    RoomsError, TransportFailure,
    service_url::{below, is_loopback},
};

const PATH: [&str; 3] = ["v3", "conference", "socket"];
/// The subprotocol of the socket.
pub const SUBPROTOCOL: &str = "anteroom.v1";

/// Returns the URL of the socket of the room service at `base`.
///
/// # Errors
/// [`TransportFailure::BaseUrl`] for a base without a host.
pub fn socket_url(base: &Url) -> Result<Url, TransportFailure> {
    below(base, PATH)
}

/// Resolves a redirect from `current`. Refuses a redirect from TLS to plain HTTP, and one in plain HTTP from
/// a loopback address to another host.
///
/// # Errors
/// [`RoomsError::Redirected`].
pub fn redirected(current: &Url, target: &str) -> Result<Url, RoomsError> {
    let target = match target.split_once("://") {
        Some(("ws", rest)) => format!("http://{rest}"),
        Some(("wss", rest)) => format!("https://{rest}"),
        _ => target.to_owned(),
    };
    let url = Url::parse(&target).map_err(|_| RoomsError::Redirected)?;
    let allowed = match url.scheme() {
        "https" => true,
        "http" => current.scheme() == "http" && (!is_loopback(current) || is_loopback(&url)),
        _ => false,
    };
    let plain = url.username().is_empty() && url.password().is_none();
    if !allowed || !plain || url.host().is_none() || url.fragment().is_some() {
        return Err(RoomsError::Redirected);
    }
    let path: Vec<&str> = url.path_segments().into_iter().flatten().collect();
    if path.ends_with(&PATH) {
        return Ok(url);
    }
    Ok(socket_url(&url)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_lead_to_sockets_and_never_out_of_tls() {
        let cases = [
            (
                "http://a",
                "http://b:81",
                Some("http://b:81/v3/conference/socket"),
            ),
            ("http://a", "ws://b/", Some("http://b/v3/conference/socket")),
            (
                "http://a",
                "https://b",
                Some("https://b/v3/conference/socket"),
            ),
            (
                "https://a",
                "wss://b/below/v3/conference/socket",
                Some("https://b/below/v3/conference/socket"),
            ),
            (
                "https://a",
                "https://b/below",
                Some("https://b/below/v3/conference/socket"),
            ),
            ("https://a", "http://b", None),
            (
                "http://127.0.0.1:1",
                "ws://127.0.0.2:2",
                Some("http://127.0.0.2:2/v3/conference/socket"),
            ),
            ("http://127.0.0.1:1", "ws://192.0.2.1:2", None),
            (
                "http://localhost",
                "wss://b",
                Some("https://b/v3/conference/socket"),
            ),
            ("https://a", "ws://b", None),
            ("http://a", "ftp://b", None),
            ("http://a", "http://user@b", None),
            ("http://a", "/v3/conference/socket", None),
            ("http://a", "", None),
        ];
        for (from, to, expected) in cases {
            let from = Url::parse(from).unwrap();
            let url = redirected(&from, to).ok().map(|url| url.to_string());
            assert_eq!(url.as_deref(), expected, "{from} {to}");
        }
    }
}
