//! The two ends of a socket.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{HeaderValue, Request, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use futures::{Sink, SinkExt as _, Stream, StreamExt as _};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{
        Error, Message, client::IntoClientRequest as _, handshake::derive_accept_key,
        protocol::Role,
    },
};

use super::shared::{ConnectionEnds, Direction, Shared};

/// The path of the socket.
pub(super) const PATH: &str = "/v3/conference/socket";

const PROTOCOL: &str = "anteroom.v1";

/// The maximum time for the closing handshake.
const PARTING: Duration = Duration::from_secs(1);

/// Opens a socket for a client, and one at the honest service.
pub(super) fn open(shared: Arc<Shared>, client: usize, mut request: Request<Body>) -> Response {
    if shared.is_refused(client) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let key = request.headers().get(header::SEC_WEBSOCKET_KEY).cloned();
    let key = key.expect("the key of a socket");
    let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes())).expect("base64");
    let upgrade = request.extensions_mut().remove::<OnUpgrade>();
    let upgrade = upgrade.expect("a connection that becomes a socket");
    tokio::spawn(async move {
        // The honest service may have ended, and the client have closed its connection by now.
        if let (Some(service), Ok(connection)) = (connect(&shared.service).await, upgrade.await) {
            let connection = TokioIo::new(connection);
            let role = Role::Server;
            let socket = WebSocketStream::from_raw_socket(connection, role, None).await;
            let ends = shared.open(client);
            let number = ends.number;
            carry(&shared, client, ends, socket, service).await;
            shared.close(client, number);
        }
    });
    let headers = [
        (header::CONNECTION, HeaderValue::from_static("Upgrade")),
        (header::UPGRADE, HeaderValue::from_static("websocket")),
        (header::SEC_WEBSOCKET_ACCEPT, accept),
        (
            header::SEC_WEBSOCKET_PROTOCOL,
            HeaderValue::from_static(PROTOCOL),
        ),
    ];
    (StatusCode::SWITCHING_PROTOCOLS, headers, Body::empty()).into_response()
}

/// Opens a socket at the honest service; `None` if it takes none.
async fn connect(service: &str) -> Option<WebSocketStream<TcpStream>> {
    let stream = TcpStream::connect(service).await.ok()?;
    let request = format!("ws://{service}{PATH}").into_client_request();
    let mut request = request.expect("the URL of a socket");
    let protocol = HeaderValue::from_static(PROTOCOL);
    let headers = request.headers_mut();
    headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    let (socket, _) = client_async(request, stream).await.ok()?;
    Some(socket)
}

/// Carries messages in both directions until one of the ends is closed.
async fn carry(
    shared: &Shared,
    client: usize,
    mut ends: ConnectionEnds,
    mut socket: impl Stream<Item = Result<Message, Error>> + Sink<Message, Error = Error> + Unpin,
    mut service: WebSocketStream<TcpStream>,
) {
    let number = ends.number;
    loop {
        let sent = tokio::select! {
            () = ends.breaking.cancelled() => return,
            Some(message) = ends.to_service.recv() => service.send(message).await,
            Some(message) = ends.to_client.recv() => socket.send(message).await,
            received = socket.next() => match received {
                Some(Ok(Message::Text(text))) => {
                    shared.pass(client, number, Direction::ToService, &text);
                    Ok(())
                }
                Some(Ok(Message::Close(frame))) => {
                    while let Ok(message) = ends.to_service.try_recv() {
                        // If that fails the connection is gone anyway.
                        let _ = service.send(message).await;
                    }
                    part(&mut service, Message::Close(frame)).await;
                    part(&mut socket, Message::Close(None)).await;
                    return;
                }
                Some(Ok(_)) => Ok(()),
                Some(Err(_)) | None => return,
            },
            received = service.next() => match received {
                Some(Ok(Message::Text(text))) => {
                    shared.pass(client, number, Direction::ToClient, &text);
                    Ok(())
                }
                Some(Ok(Message::Close(frame))) => {
                    while let Ok(message) = ends.to_client.try_recv() {
                        // If that fails the connection is gone anyway.
                        let _ = socket.send(message).await;
                    }
                    part(&mut socket, Message::Close(frame)).await;
                    part(&mut service, Message::Close(None)).await;
                    return;
                }
                Some(Ok(_)) => Ok(()),
                Some(Err(_)) | None => return,
            },
        };
        if sent.is_err() {
            return;
        }
    }
}

/// Sends a close frame, and waits for the end of the connection.
async fn part(
    end: &mut (impl Stream<Item = Result<Message, Error>> + Sink<Message, Error = Error> + Unpin),
    close: Message,
) {
    let parting = async {
        // An end that has sent its close frame already takes no other one, and needs the answer alone.
        let _ = end.send(close).await;
        let _ = end.flush().await;
        while let Some(Ok(_)) = end.next().await {}
    };
    // The connection is dropped whether the handshake has finished or not.
    let _ = timeout(PARTING, parting).await;
}
