//! One WebSocket connection to one node of the room service.

use std::time::Duration;

use anteroom_client_core::{call::socket_url::SUBPROTOCOL, time_of};
use anteroom_protocol::Timestamp;
use futures::{SinkExt as _, StreamExt as _};
use http::{StatusCode, header};
use rand_core::CryptoRng;
use reqwest::Upgraded;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, timeout},
};
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
pub(crate) struct Socket<S = Upgraded> {
    stream: WebSocketStream<S>,
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
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    /// Sends a message within a limit, of which the time goes that it takes. Later than that, as at a room service that
    /// has ceased to read, the connection is lost.
    pub(crate) async fn send(
        &mut self,
        text: &str,
        limit: &mut Duration,
    ) -> Result<(), RoomsError> {
        let start = Instant::now();
        let sent = timeout(*limit, self.stream.send(Message::text(text))).await;
        *limit = limit.saturating_sub(start.elapsed());
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(RoomsError::Lost),
        }
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

#[cfg(test)]
mod tests {
    use tokio::io::{DuplexStream, duplex};

    use super::*;

    async fn over(stream: DuplexStream) -> Socket<DuplexStream> {
        Socket {
            stream: WebSocketStream::from_raw_socket(stream, Role::Client, None).await,
            time: None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_room_service_that_ceases_to_read_loses_the_connection_in_time() {
        const LIMIT: Duration = Duration::from_secs(20);
        let (own, _unread) = duplex(1024);
        let mut socket = over(own).await;
        let mut limit = LIMIT;
        socket.send("short", &mut limit).await.unwrap();
        assert_eq!(limit, LIMIT);
        let start = Instant::now();
        let long = "a".repeat(2048);
        let sending = socket.send(&long, &mut limit);
        let sent = timeout(10 * LIMIT, sending).await.expect("it never ends");
        assert!(matches!(sent, Err(RoomsError::Lost)), "{sent:?}");
        // The whole limit is used up, for what is to follow too.
        assert_eq!((start.elapsed(), limit), (LIMIT, Duration::ZERO));
    }
}
