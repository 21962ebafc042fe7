//! One WebSocket connection to one node of the room service.

use std::time::Duration;

use anteroom_client_core::{call::socket_url::SUBPROTOCOL, time_of};
use anteroom_protocol::Timestamp;
use futures::{SinkExt as _, StreamExt as _};
use http::{StatusCode, header};
use rand_core::CryptoRng;
use reqwest::Upgraded;
use tokio::time::timeout;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message, Utf8Bytes,
        protocol::{Role, WebSocketConfig},
    },
};
use url::Url;

use crate::{
    RoomsClient, RoomsError, Service, TransportFailure,
    transport_error::failure,
    upgrade::{accepts, has_header, new_key},
};

/// The close reason for a connection whose seat another connection has resumed.
const REPLACED: &str = "replaced";

/// The maximum length of a received message, in bytes. A roster of 1,000 devices with as many in the lobby
/// has about 400 KiB, and with the longest hellos 2.2 MiB.
const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;
/// The maximum time for the closing handshake, and for each answer of the room service that precedes it.
pub(super) const PARTING: Duration = Duration::from_secs(2);

/// An open socket.
pub(crate) struct Socket {
    stream: WebSocketStream<Upgraded>,
    /// The room service's time when it accepted the connection, if its answer carried it.
    pub(crate) time: Option<Timestamp>,
}

impl Socket {
    pub(crate) async fn open<R: CryptoRng + ?Sized>(
        client: &RoomsClient,
        url: &Url,
        rng: &mut R,
    ) -> Result<Self, RoomsError> {
        let key = new_key(rng);
        let limit = client.timeouts.connect + client.timeouts.request;
        timeout(limit, Self::upgrade(client, url, &key))
            .await
            .unwrap_or(Err(TransportFailure::TimedOut.into()))
    }

    async fn upgrade(client: &RoomsClient, url: &Url, key: &str) -> Result<Self, RoomsError> {
        let response = client.sockets.upgrade(url.clone(), key).await?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            let answer = client.sockets.read(response).await?;
            return Err(RoomsError::Problem(answer.problem(Service::Rooms)));
        }
        let has_protocol = has_header(&response, &header::SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL);
        if !accepts(&response, key) || !has_protocol {
            return Err(TransportFailure::Malformed("it is no socket of a call").into());
        }
        let time = time_of(response.headers());
        let upgraded = response.upgrade().await.map_err(failure)?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(MAX_MESSAGE_BYTES))
            .max_frame_size(Some(MAX_MESSAGE_BYTES));
        let stream = WebSocketStream::from_raw_socket(upgraded, Role::Client, Some(config)).await;
        Ok(Self { stream, time })
    }

    pub(crate) async fn send(&mut self, text: &str) -> Result<(), RoomsError> {
        self.stream
            .send(Message::text(text))
            .await
            .map_err(|_| RoomsError::Lost)
    }

    /// Returns the next message. Dropping the future loses no message.
    pub(crate) async fn receive(&mut self) -> Result<Utf8Bytes, RoomsError> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => return Ok(text),
                Some(Ok(Message::Binary(_))) => {
                    return Err(TransportFailure::Malformed("a message is binary").into());
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
        let _ = timeout(PARTING, closing).await;
    }
}
