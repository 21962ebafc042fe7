//! The handshake that turns a request into a WebSocket (RFC 6455, section 4.2).

use axum::{
    body::Body,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// The one subprotocol.
const PROTOCOL: &str = "anteroom.v1";

/// A valid request for a socket.
pub(super) struct Upgrade {
    connection: OnUpgrade,
    accept: HeaderValue,
}

impl Upgrade {
    /// Takes the connection of a request for a socket of the subprotocol. Returns `None` for any
    /// other request.
    pub(super) fn of_request(head: &mut Parts) -> Option<Self> {
        let headers = &head.headers;
        let is_asked = head.method == Method::GET
            && lists(headers, &header::CONNECTION, "upgrade")
            && lists(headers, &header::UPGRADE, "websocket")
            && lists(headers, &header::SEC_WEBSOCKET_VERSION, "13")
            && lists(headers, &header::SEC_WEBSOCKET_PROTOCOL, PROTOCOL);
        let key = headers.get(header::SEC_WEBSOCKET_KEY)?;
        let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes())).ok()?;
        let connection = head.extensions.remove::<OnUpgrade>()?;
        is_asked.then_some(Self { connection, accept })
    }

    /// Answers with 101, and returns the connection once the answer is sent.
    pub(super) fn grant(
        self,
    ) -> (
        Response,
        impl Future<Output = hyper::Result<TokioIo<Upgraded>>> + Send + 'static,
    ) {
        let headers = [
            (header::CONNECTION, HeaderValue::from_static("Upgrade")),
            (header::UPGRADE, HeaderValue::from_static("websocket")),
            (header::SEC_WEBSOCKET_ACCEPT, self.accept),
            (
                header::SEC_WEBSOCKET_PROTOCOL,
                HeaderValue::from_static(PROTOCOL),
            ),
        ];
        let response = (StatusCode::SWITCHING_PROTOCOLS, headers, Body::empty()).into_response();
        let connection = async move { self.connection.await.map(TokioIo::new) };
        (response, connection)
    }
}

/// Returns whether a header lists a value, in one line or in several.
fn lists(headers: &HeaderMap, name: &HeaderName, value: &str) -> bool {
    let lines = headers.get_all(name).iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .any(|listed| listed.trim().eq_ignore_ascii_case(value))
}
