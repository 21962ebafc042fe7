//! One WebSocket connection to one node of the room service.

use std::time::Duration;

use anteroom_protocol::Timestamp;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures::{SinkExt as _, StreamExt as _};
use http::{StatusCode, header};
use rand_core::CryptoRng;
use reqwest::{Method, Response, Upgraded};
use tokio::time::timeout;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        handshake::derive_accept_key,
        protocol::{Role, WebSocketConfig},
    },
};
use url::Url;

use crate::{
    RoomsClient, RoomsError, Service,
    rooms::wire::{FromRoom, ToRoom, to_text},
    transport::{self, is_loopback},
};

pub(crate) const PATH: &[&str] = &["v3", "conference", "socket"];
pub(crate) const SUBPROTOCOL: &str = "anteroom.v1";

/// The close reason for a connection whose seat another connection has resumed.
const REPLACED: &str = "replaced";

/// The maximum length of a received message, in bytes. A roster of 1,000 devices with as many in the lobby
/// has about 400 KiB, and with the longest hellos 2.2 MiB.
const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;
/// The maximum time for the closing handshake.
const PARTING: Duration = Duration::from_secs(2);

/// An open socket.
pub(crate) struct Socket {
    stream: WebSocketStream<Upgraded>,
    /// The room service's time when it accepted the connection.
    time: Option<Timestamp>,
}

/// Returns the URL of the socket of the room service at `base`.
pub(crate) fn socket_url(base: &Url) -> Result<Url, RoomsError> {
    let mut url = base.clone();
    url.path_segments_mut()
        .map_err(|()| RoomsError::BaseUrl("it has no host"))?
        .pop_if_empty()
        .extend(PATH);
    Ok(url)
}

/// Resolves a redirect from `current`. Refuses a redirect from TLS to plain HTTP, and one in plain HTTP from
/// a loopback address to another host.
pub(crate) fn redirected(current: &Url, target: &str) -> Result<Url, RoomsError> {
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
    if path.ends_with(PATH) {
        return Ok(url);
    }
    socket_url(&url)
}

impl Socket {
    pub(crate) async fn open<R: CryptoRng + ?Sized>(
        client: &RoomsClient,
        url: &Url,
        rng: &mut R,
    ) -> Result<Self, RoomsError> {
        let mut key = [0; 16];
        rng.fill_bytes(&mut key);
        let key = STANDARD.encode(key);
        let limit = client.timeouts.connect + client.timeouts.request;
        timeout(limit, Self::upgrade(client, url, &key))
            .await
            .unwrap_or(Err(RoomsError::TimedOut))
    }

    async fn upgrade(client: &RoomsClient, url: &Url, key: &str) -> Result<Self, RoomsError> {
        let response = client
            .sockets
            .request_url(Method::GET, url.clone())
            .header(header::CONNECTION, "Upgrade")
            .header(header::UPGRADE, "websocket")
            .header(header::SEC_WEBSOCKET_VERSION, "13")
            .header(header::SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL)
            .header(header::SEC_WEBSOCKET_KEY, key)
            .send()
            .await
            .map_err(transport::failure)?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            let answer = client.sockets.read(response).await?;
            return Err(RoomsError::Problem(Box::new(
                answer.problem(Service::Rooms),
            )));
        }
        if !is(
            &response,
            &header::SEC_WEBSOCKET_ACCEPT,
            &derive_accept_key(key.as_bytes()),
        ) || !is(&response, &header::SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL)
        {
            return Err(RoomsError::Malformed("it is no socket of a call"));
        }
        let time = transport::time_of(response.headers());
        let upgraded = response.upgrade().await.map_err(transport::failure)?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(MAX_MESSAGE_BYTES))
            .max_frame_size(Some(MAX_MESSAGE_BYTES));
        let stream = WebSocketStream::from_raw_socket(upgraded, Role::Client, Some(config)).await;
        Ok(Self { stream, time })
    }

    /// Returns the room service's time when it accepted the connection, if its answer carried it.
    pub(crate) const fn time(&self) -> Option<Timestamp> {
        self.time
    }

    pub(crate) async fn send(&mut self, message: &ToRoom<'_>) -> Result<(), RoomsError> {
        let text = to_text(message)?;
        self.stream
            .send(Message::text(text.as_str()))
            .await
            .map_err(|_| RoomsError::Lost)
    }

    /// Returns the next message. Dropping the future loses no message.
    pub(crate) async fn receive(&mut self) -> Result<FromRoom, RoomsError> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => {
                    // The parser's own error could quote the text.
                    return serde_json::from_str(&text)
                        .map_err(|_| RoomsError::Malformed("a message has another shape"));
                }
                Some(Ok(Message::Binary(_))) => {
                    return Err(RoomsError::Malformed("a message is binary"));
                }
                // Another connection has resumed the seat: a client that resumed it again would start an
                // endless loop.
                Some(Ok(Message::Close(Some(frame)))) if frame.reason.as_str() == REPLACED => {
                    return Err(RoomsError::Over);
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(RoomsError::Lost),
                Some(Ok(_)) => {}
            }
        }
    }

    /// Closes the connection with a handshake; drops it without one if the other side takes too long.
    pub(crate) async fn close(mut self) {
        let closing = async {
            if self.stream.close(None).await.is_ok() {
                while let Some(Ok(_)) = self.stream.next().await {}
            }
        };
        // The connection is dropped whether the handshake has finished or not.
        let _ = timeout(PARTING, closing).await;
    }
}

fn is(response: &Response, name: &http::HeaderName, value: &str) -> bool {
    response
        .headers()
        .get(name)
        .is_some_and(|given| given.as_bytes() == value.as_bytes())
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
