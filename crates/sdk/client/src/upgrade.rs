//! The handshake that turns an HTTP connection into a WebSocket.

use anteroom_client_core::call::socket_url::SUBPROTOCOL;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderName, header};
use rand_core::CryptoRng;
use reqwest::{RequestBuilder, Response};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// Draws the key of a handshake.
pub(crate) fn new_key<R: CryptoRng + ?Sized>(rng: &mut R) -> String {
    let mut key = [0; 16];
    rng.fill_bytes(&mut key);
    STANDARD.encode(key)
}

/// Adds the headers that ask for a socket of a call.
pub(crate) fn with_headers(request: RequestBuilder, key: &str) -> RequestBuilder {
    request
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_VERSION, "13")
        .header(header::SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL)
        .header(header::SEC_WEBSOCKET_KEY, key)
}

/// Returns whether an answer accepts the handshake with this key.
pub(crate) fn accepts(response: &Response, key: &str) -> bool {
    let accept = derive_accept_key(key.as_bytes());
    has_header(response, &header::SEC_WEBSOCKET_ACCEPT, &accept)
}

/// Returns whether an answer has this header with this value.
pub(crate) fn has_header(response: &Response, name: &HeaderName, value: &str) -> bool {
    let given = response.headers().get(name);
    given.is_some_and(|given| given.as_bytes() == value.as_bytes())
}
