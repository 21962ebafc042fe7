//! A test client.

use std::time::Duration;

use anteroom_protocol::{Aci, MemberKey};
use anteroom_store::{OpaqueRoomId, RoomsDatabase as _, TransactionName};
use anteroom_testkit::{TestLink, TestRooms};
use axum::body::Body;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use futures::{SinkExt as _, StreamExt as _};
use http::{HeaderValue, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tokio::{
    io::AsyncReadExt as _,
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, client_async, connect_async,
    tungstenite::{self, Message, client::IntoClientRequest as _},
};
use tower::ServiceExt as _;

/// The maximum wait for an event.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// An open socket.
pub(crate) struct TestSocket(pub(crate) WebSocketStream<MaybeTlsStream<TcpStream>>);

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// With a closing frame of this code.
    Closed(u16),
    /// Without a closing frame.
    Cut,
}

/// Opens a socket with these headers besides those of the handshake.
pub(crate) async fn open(
    url: &str,
    headers: &[(&'static str, &str)],
) -> Result<TestSocket, tungstenite::Error> {
    let mut request = url.into_client_request().unwrap();
    for (name, value) in headers {
        let value = HeaderValue::from_str(value).unwrap();
        request.headers_mut().append(*name, value);
    }
    connect_async(request)
        .await
        .map(|(socket, _)| TestSocket(socket))
}

impl TestSocket {
    pub(crate) async fn connect(rooms: &TestRooms) -> Self {
        Self::connect_to(&rooms.socket_url()).await
    }

    pub(crate) async fn connect_to(url: &str) -> Self {
        let protocol = [("sec-websocket-protocol", "anteroom.v1")];
        open(url, &protocol).await.unwrap()
    }

    /// Connects through a socket with small buffers.
    pub(crate) async fn connect_narrow(rooms: &TestRooms) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4 * 1024).unwrap();
        Self::connect_over(rooms, socket).await.unwrap()
    }

    /// Connects from 127.0.0.`host`.
    pub(crate) async fn connect_from(
        rooms: &TestRooms,
        host: u8,
    ) -> Result<Self, tungstenite::Error> {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, host], 0).into()).unwrap();
        Self::connect_over(rooms, socket).await
    }

    async fn connect_over(
        rooms: &TestRooms,
        socket: TcpSocket,
    ) -> Result<Self, tungstenite::Error> {
        let url = rooms.socket_url();
        let mut request = url.as_str().into_client_request().unwrap();
        let protocol = HeaderValue::from_static("anteroom.v1");
        request
            .headers_mut()
            .insert("sec-websocket-protocol", protocol);
        let address = request.uri().authority().unwrap().as_str().parse().unwrap();
        let stream = MaybeTlsStream::Plain(socket.connect(address).await.unwrap());
        let (socket, _) = client_async(request, stream).await?;
        Ok(Self(socket))
    }

    /// Sends a message and reads until the call has handled it. Returns the errors that arrived.
    pub(crate) async fn said(&mut self, message: &Value) -> Vec<String> {
        self.send(message).await;
        self.send(&json!({"type": "ping"})).await;
        let mut errors = Vec::new();
        loop {
            let answer = self.next().await;
            match answer["type"].as_str() {
                Some("pong") => return errors,
                Some("error") => errors.push(answer["code"].as_str().unwrap().to_owned()),
                _ => {}
            }
        }
    }

    /// Connects and joins. Returns the first answer.
    pub(crate) async fn join(rooms: &TestRooms, join: &Value) -> (Self, Value) {
        let mut client = Self::connect(rooms).await;
        client.send(join).await;
        let answer = client.next().await;
        (client, answer)
    }

    /// Joins as [`Self::join`] does, and asserts that the answer is `joined`.
    pub(crate) async fn joined(rooms: &TestRooms, join: Value) -> (Self, Value) {
        let (client, answer) = Self::join(rooms, &join).await;
        assert_eq!(answer.get("type"), Some(&json!("joined")), "{answer}");
        (client, answer)
    }

    pub(crate) async fn send(&mut self, message: &Value) {
        self.text(message.to_string()).await;
    }

    pub(crate) async fn text(&mut self, text: impl Into<String>) {
        let message = Message::text(text.into());
        self.0.send(message).await.unwrap();
    }

    pub(crate) async fn next(&mut self) -> Value {
        match timeout(PATIENCE, self.0.next()).await {
            Ok(Some(Ok(Message::Text(text)))) => serde_json::from_str(&text).unwrap(),
            other => panic!("no message but {other:?}"),
        }
    }

    /// Waits for the next message of this type, and skips the messages before it.
    pub(crate) async fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let message = self.next().await;
            if message.get("type") == Some(&json!(kind)) {
                return message;
            }
        }
    }

    /// The next roster for which `is_it` holds.
    pub(crate) async fn roster(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        loop {
            let roster = self.next_of("participants").await;
            if is_it(&roster) {
                return roster;
            }
        }
    }

    /// Reads to the end and answers the closing frame.
    pub(crate) async fn end(&mut self) -> End {
        loop {
            match timeout(PATIENCE, self.0.next()).await.unwrap() {
                Some(Ok(Message::Close(frame))) => {
                    // The library makes the answer. The service may not wait for it.
                    let _ = self.0.flush().await;
                    return frame.map_or(End::Cut, |frame| End::Closed(frame.code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return End::Cut,
            }
        }
    }

    /// Waits until the service has disconnected, and answers no closing frame.
    pub(crate) async fn cut(&mut self) {
        let MaybeTlsStream::Plain(stream) = self.0.get_mut() else {
            panic!("the services of tests are not encrypted");
        };
        // The end may be an error, because some bytes were not read.
        let _ = timeout(PATIENCE, stream.read_to_end(&mut Vec::new()))
            .await
            .unwrap();
    }

    /// Reads the next error and the end of the connection after it.
    pub(crate) async fn refusal(&mut self) -> (String, End) {
        let error = self.next_of("error").await;
        let code = error.get("code").and_then(Value::as_str).unwrap();
        (code.to_owned(), self.end().await)
    }
}

/// A `join` of the account.
pub(crate) fn join(rooms: &TestRooms, link: &TestLink, aci: &Aci) -> Value {
    json!({"type": "join", "roomId": link.room(), "auth": rooms.auth(link, aci)})
}

/// A `join` with the passkey.
pub(crate) fn admin_join(rooms: &TestRooms, link: &TestLink, aci: &Aci) -> Value {
    let mut join = join(rooms, link, aci);
    set(&mut join, "adminPasskey", json!(link.passkey_text()));
    join
}

/// Returns a member key as text.
pub(crate) fn member_text(key: &MemberKey) -> String {
    URL_SAFE_NO_PAD.encode(key.as_bytes())
}

/// Returns a join with this presentation that names this member key, or none.
pub(crate) fn join_with(link: &TestLink, auth: &str, member: Option<&MemberKey>) -> Value {
    let mut join = json!({"type": "join", "roomId": link.room(), "auth": auth});
    if let Some(member) = member {
        set(&mut join, "member", json!(member_text(member)));
    }
    join
}

/// Returns a join for a member key.
pub(crate) fn member_join(
    rooms: &TestRooms,
    link: &TestLink,
    aci: &Aci,
    member: &MemberKey,
) -> Value {
    let auth = rooms.auth_for_member(link, aci, member);
    join_with(link, &auth, Some(member))
}

pub(crate) fn set(value: &mut Value, member: &str, to: Value) {
    value.as_object_mut().unwrap().insert(member.to_owned(), to);
}

pub(crate) fn ids(roster: &Value, list: &str) -> Vec<u64> {
    let list = roster.get(list).and_then(Value::as_array).unwrap();
    list.iter().map(demux_id).collect()
}

pub(crate) fn demux_id(value: &Value) -> u64 {
    value.get("demuxId").and_then(Value::as_u64).unwrap()
}

/// Sends a REST request.
pub(crate) async fn rest(
    rooms: &TestRooms,
    method: Method,
    path: &str,
    link: &TestLink,
    authorization: String,
    body: Value,
) -> (StatusCode, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("x-room-id", link.room())
        .header("authorization", authorization)
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    let response = rooms.router().oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

/// Creates a link with these restrictions.
pub(crate) async fn created(rooms: &TestRooms, restrictions: &str) -> (TestLink, Aci) {
    let (link, aci) = (rooms.new_link(), rooms.new_account());
    let body = json!({
        "adminPasskey": link.passkey_text(),
        "zkparams": link.zkparams(),
        "restrictions": restrictions,
    });
    let create = format!("Bearer create.{}", rooms.create(&link, &aci));
    let (status, _) = rest(rooms, Method::PUT, "/v1/call-link", &link, create, body).await;
    assert_eq!(status, 200);
    (link, aci)
}

/// Changes the link, and returns the status.
pub(crate) async fn update(
    rooms: &TestRooms,
    link: &TestLink,
    aci: &Aci,
    mut change: Value,
) -> StatusCode {
    set(&mut change, "adminPasskey", json!(link.passkey_text()));
    let auth = format!("Bearer auth.{}", rooms.auth(link, aci));
    let path = "/v1/call-link";
    rest(rooms, Method::PUT, path, link, auth, change).await.0
}

/// Peeks into the room.
pub(crate) async fn peek(rooms: &TestRooms, link: &TestLink, aci: &Aci) -> (StatusCode, Value) {
    let auth = format!("Bearer auth.{}", rooms.auth(link, aci));
    let path = "/v2/conference/participants";
    rest(rooms, Method::GET, path, link, auth, Value::Null).await
}

/// Waits for the end of the link's call. A peek finds no call after it.
pub(crate) async fn wait_for_end(rooms: &TestRooms, link: &TestLink, aci: &Aci) {
    let ended = timeout(PATIENCE, rooms.events.next("call.ended"));
    ended.await.unwrap();
    assert_eq!(peek(rooms, link, aci).await.0, 404);
}

/// Returns the number of the link's approvals in the database. All approvals of a call are there at
/// its end.
pub(crate) async fn approvals(rooms: &TestRooms, link: &TestLink) -> usize {
    let room = OpaqueRoomId::parse(&link.room()).unwrap();
    let name = TransactionName::new("test");
    let mut reader = rooms.database.read(name).await.unwrap();
    reader.approved_users(&room).await.unwrap().len()
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}
