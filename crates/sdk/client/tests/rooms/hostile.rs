//! The client against room services that violate the protocol.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use anteroom_client::{
    CallEvent, DemuxId, EndReason, EraId, EraKey, EraMark, ExchangeError, JoinOptions, MAX_MESSAGE,
    MemoryReplays, MessageSealer, OpenError, ReceivedCounters, Recipient, ReplayStore,
    ReplayStoreError, RoomsClient, RoomsError, Timeouts, TransportFailure,
};
use anteroom_protocol::RootKey;
use anteroom_runtime::Entropy as _;
use anteroom_testkit::SeededEntropy;
use axum::{
    Router,
    http::{HeaderMap, StatusCode, header},
    response::IntoResponse as _,
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async,
    tungstenite::{
        Message,
        handshake::server::{Request, Response},
    },
};

use crate::support::{RoomsFixture, TestUser, wait_for};

pub(crate) const ERA: [u8; 16] = [5; 16];

fn quick() -> Timeouts {
    Timeouts {
        connect: Duration::from_secs(5),
        request: Duration::from_millis(500),
    }
}

pub(crate) async fn person_and_room() -> (RoomsFixture, TestUser, RootKey) {
    let fixture = RoomsFixture::start().await;
    let person = fixture.person().await;
    let room = RootKey::generate_v0(&mut *fixture.rng());
    (fixture, person, room)
}

/// Answers every request with this status and body, and records the headers of the requests.
async fn answering(
    status: StatusCode,
    body: &'static str,
) -> (RoomsClient, Arc<Mutex<Vec<HeaderMap>>>) {
    let shown: Arc<Mutex<Vec<HeaderMap>>> = Arc::default();
    let keeper = Arc::clone(&shown);
    let handler = move |headers: HeaderMap| {
        keeper.lock().unwrap().push(headers);
        async move { (status, body).into_response() }
    };
    let router = Router::new().fallback(get(handler.clone()).put(handler));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (RoomsClient::new(&url, quick()).unwrap(), shown)
}

#[tokio::test]
async fn every_request_shows_a_presentation_of_its_own() {
    let (fixture, person, room) = person_and_room().await;
    let (client, shown) = answering(StatusCode::NOT_FOUND, "").await;
    for _ in 0..5 {
        let _ = client.link(&room, &person.pass, &mut *fixture.rng()).await;
        let _ = client.peek(&room, &person.pass, &mut *fixture.rng()).await;
    }
    let shown = shown.lock().unwrap();
    let presentations: Vec<Vec<u8>> = shown
        .iter()
        .map(|headers| {
            let text = headers[header::AUTHORIZATION].to_str().unwrap();
            STANDARD
                .decode(text.strip_prefix("Bearer auth.").unwrap())
                .unwrap()
        })
        .collect();
    assert_eq!(presentations.len(), 10);
    for (index, one) in presentations.iter().enumerate() {
        for other in &presentations[index + 1..] {
            // Compares the commitments and the proof: all but the version, lengths, ciphertexts and day.
            let same = one[1..424]
                .iter()
                .zip(&other[1..424])
                .filter(|(a, b)| a == b);
            assert!(same.count() < 60);
        }
    }
    // No other header distinguishes one device from another.
    for headers in shown.iter() {
        let mut names: Vec<&str> = headers.keys().map(header::HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["accept", "authorization", "host", "x-room-id"]);
    }
}

#[tokio::test]
async fn answers_that_make_no_sense_are_errors() {
    let (fixture, person, room) = person_and_room().await;
    let cases = [
        (StatusCode::OK, "", "makes no sense"),
        (StatusCode::OK, "[]", "makes no sense"),
        (
            StatusCode::OK,
            r#"{"restrictions":"maybe","name":"","revoked":false,"expiration":1,"delete_at":2}"#,
            "the JSON is not the expected one",
        ),
        (
            StatusCode::OK,
            r#"{"restrictions":"none","name":"%","revoked":false,"expiration":1,"delete_at":2}"#,
            "the JSON is not the expected one",
        ),
        (
            StatusCode::IM_A_TEAPOT,
            "<html>",
            "the room service refused with 418",
        ),
        (
            StatusCode::FORBIDDEN,
            r#"{"code":"CODE","detail":"why"}"#,
            "the room service refused with 403 CODE: why",
        ),
        (StatusCode::TEMPORARY_REDIRECT, "", "refused with 307"),
    ];
    for (status, body, expected) in cases {
        let (client, _) = answering(status, body).await;
        let error = client.link(&room, &person.pass, &mut *fixture.rng()).await;
        let shown = error.unwrap_err().to_string();
        assert!(shown.contains(expected), "{shown}");
    }
    let (client, _) = answering(StatusCode::NOT_FOUND, r#"{"reason":"mood"}"#).await;
    let error = client.peek(&room, &person.pass, &mut *fixture.rng()).await;
    assert!(
        matches!(
            error,
            Err(RoomsError::Exchange(ExchangeError {
                failure: TransportFailure::Malformed(_),
                ..
            }))
        ),
        "{error:?}"
    );
    let (client, _) = answering(StatusCode::OK, "{}").await;
    let options = JoinOptions {
        room,
        pass: person.pass.clone(),
        passkey: None,
        name: None,
        member: None,
    };
    let error = client.join(options, fixture.rng()).await;
    assert!(matches!(error, Err(RoomsError::Problem(_))), "{error:?}");
}

pub(crate) type ServerSocket = WebSocketStream<TcpStream>;

/// Listens for one socket.
pub(crate) async fn listen() -> (TcpListener, RoomsClient) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, RoomsClient::new(&url, quick()).unwrap())
}

#[expect(clippy::result_large_err, reason = "the library's own callback")]
pub(crate) async fn accept(listener: &TcpListener) -> ServerSocket {
    let (stream, _) = listener.accept().await.unwrap();
    let choose = |_: &Request, mut response: Response| {
        let protocol = header::HeaderValue::from_static("anteroom.v1");
        response
            .headers_mut()
            .insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
        Ok(response)
    };
    accept_hdr_async(stream, choose).await.unwrap()
}

pub(crate) async fn say(socket: &mut ServerSocket, message: &Value) {
    socket
        .send(Message::text(message.to_string()))
        .await
        .unwrap();
}

pub(crate) fn welcome(demux: u32, era: &str) -> Value {
    json!({
        "type": "joined", "demuxId": demux, "eraId": era, "status": "active", "isAdmin": false,
        "resume": "c2VjcmV0", "maxDevices": 8, "participants": [], "pending": [],
        "callLinkState": {
            "restrictions": "none", "name": "", "revoked": false, "expiration": 1, "delete_at": 2,
        },
    })
}

pub(crate) fn era_text() -> String {
    EraId::from_bytes(ERA)
        .as_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[tokio::test]
async fn replayed_changed_and_misattributed_messages_are_not_shown() {
    let (fixture, person, room) = person_and_room().await;
    let (listener, client) = listen().await;
    let key = EraKey::derive(&room, EraId::from_bytes(ERA));
    let mut rng = SeededEntropy::new(5).rng();
    let mut sealer = MessageSealer::new(key, DemuxId::new(32).unwrap());
    let bodies: Vec<Vec<u8>> = [b"one", b"two"]
        .map(|text| sealer.seal(text, &mut *rng).unwrap())
        .into();
    let server = tokio::spawn(async move {
        let mut socket = accept(&listener).await;
        socket.next().await.unwrap().unwrap();
        say(&mut socket, &welcome(16, &era_text())).await;
        let mut changed = bodies[1].clone();
        changed[40] ^= 1;
        for (from, body) in [
            (32, &bodies[0]),
            (32, &bodies[0]),
            (48, &bodies[1]),
            (32, &changed),
            (32, &bodies[1]),
            (32, &bodies[0]),
        ] {
            let body = STANDARD.encode(body);
            say(
                &mut socket,
                &json!({"type": "relay", "from": from, "body": body}),
            )
            .await;
        }
        say(&mut socket, &json!({"type": "tomorrow", "weather": "fine"})).await;
        say(&mut socket, &json!({"type": "removed"})).await;
        socket
    });
    let options = JoinOptions {
        room,
        pass: person.pass.clone(),
        passkey: None,
        name: None,
        member: None,
    };
    let mut call = client.join(options, fixture.rng()).await.unwrap();
    let mut heard = Vec::new();
    loop {
        match call.next().await.unwrap() {
            CallEvent::Message { message, .. } => heard.push(Ok(message.to_vec())),
            CallEvent::Unreadable { reason, .. } => heard.push(Err(reason)),
            CallEvent::Ended(EndReason::Removed) => break,
            CallEvent::Ended(other) => panic!("{other:?}"),
            _ => {}
        }
    }
    assert_eq!(
        heard,
        [
            Ok(b"one".to_vec()),
            Err(OpenError::Replayed),
            Err(OpenError::Forged),
            Err(OpenError::Forged),
            Ok(b"two".to_vec()),
            Err(OpenError::Replayed),
        ]
    );
    drop(server.await.unwrap());
}

#[tokio::test]
async fn a_message_heard_before_a_rejoin_of_the_era_is_not_heard_again() {
    let (listener, client) = listen().await;
    hears_no_message_twice(listener, [client.clone(), client]).await;
}

#[tokio::test]
async fn a_message_heard_before_a_restart_is_not_heard_again_by_a_client_with_a_store() {
    let (listener, client) = listen().await;
    let store = Arc::new(MemoryReplays::default());
    // Each client is new, as after a restart. They share the store.
    let clients = [client.clone(), client].map(|client| client.with_replay_store(store.clone()));
    hears_no_message_twice(listener, clients).await;
}

#[tokio::test]
async fn whoever_cannot_read_the_record_of_received_messages_does_not_join() {
    struct FailingReplayStore;

    impl ReplayStore for FailingReplayStore {
        fn load(&self, _: &EraMark) -> Result<ReceivedCounters, ReplayStoreError> {
            Err(ReplayStoreError::new("on purpose"))
        }

        fn raise(&self, _: &EraMark, _: &[(DemuxId, u64)]) {}
    }

    let (fixture, person, room) = person_and_room().await;
    let (listener, client) = listen().await;
    let server = tokio::spawn(async move {
        let mut socket = accept(&listener).await;
        socket.next().await.unwrap().unwrap();
        say(&mut socket, &welcome(16, &era_text())).await;
        while let Some(Ok(_)) = socket.next().await {}
    });
    let options = JoinOptions {
        room,
        pass: person.pass.clone(),
        passkey: None,
        name: None,
        member: None,
    };
    let client = client.with_replay_store(Arc::new(FailingReplayStore));
    let refused = client.join(options, fixture.rng()).await.unwrap_err();
    assert!(matches!(refused, RoomsError::ReplayStore(_)), "{refused:?}");
    server.await.unwrap();
}

/// Joins an era twice, with one client after the other, at a service that repeats the first message.
async fn hears_no_message_twice(listener: TcpListener, clients: [RoomsClient; 2]) {
    let (fixture, person, room) = person_and_room().await;
    let key = EraKey::derive(&room, EraId::from_bytes(ERA));
    let mut rng = SeededEntropy::new(5).rng();
    let mut sealer = MessageSealer::new(key, DemuxId::new(32).unwrap());
    let [one, two] = [b"one", b"two"].map(|text| {
        let body = sealer.seal(text, &mut *rng).unwrap();
        json!({"type": "relay", "from": 32, "body": STANDARD.encode(body)})
    });
    let server = tokio::spawn(async move {
        // The device gets another number in the same era each time.
        for (demux, bodies) in [(16, vec![&one]), (48, vec![&one, &two])] {
            let mut socket = accept(&listener).await;
            socket.next().await.unwrap().unwrap();
            say(&mut socket, &welcome(demux, &era_text())).await;
            for body in bodies {
                say(&mut socket, body).await;
            }
            say(&mut socket, &json!({"type": "removed"})).await;
            while let Some(Ok(_)) = socket.next().await {}
        }
    });
    let mut heard = Vec::new();
    for client in clients {
        let options = JoinOptions {
            room: room.clone(),
            pass: person.pass.clone(),
            passkey: None,
            name: None,
            member: None,
        };
        let mut call = client.join(options, fixture.rng()).await.unwrap();
        while let Some(event) = call.next().await {
            match event {
                CallEvent::Message { message, .. } => heard.push(Ok(message.to_vec())),
                CallEvent::Unreadable { reason, .. } => heard.push(Err(reason)),
                _ => {}
            }
        }
    }
    let expected = [
        Ok(b"one".to_vec()),
        Err(OpenError::Replayed),
        Ok(b"two".to_vec()),
    ];
    assert_eq!(heard, expected);
    server.await.unwrap();
}

#[tokio::test]
async fn a_room_service_that_knows_no_changes_of_rosters_is_joined_without() {
    let (fixture, person, room) = person_and_room().await;
    let (listener, client) = listen().await;
    let server = tokio::spawn(async move {
        let mut asked = Vec::new();
        for _ in 0..2 {
            let mut socket = accept(&listener).await;
            let join = socket.next().await.unwrap().unwrap().into_text().unwrap();
            let join: Value = serde_json::from_str(&join).unwrap();
            asked.push(join.get("roster").cloned());
            if join.get("roster").is_some() {
                let refused = json!({"type": "error", "code": "invalid_message", "message": ""});
                say(&mut socket, &refused).await;
            } else {
                say(&mut socket, &welcome(16, &era_text())).await;
                let device = json!({"demuxId": 16});
                let whole = json!({
                    "type": "participants", "eraId": era_text(), "active": [device],
                    "pending": [{"demuxId": 32}],
                });
                say(&mut socket, &whole).await;
                say(&mut socket, &json!({"type": "removed"})).await;
            }
            while let Some(Ok(_)) = socket.next().await {}
        }
        asked
    });
    let options = JoinOptions {
        room,
        pass: person.pass.clone(),
        passkey: None,
        name: None,
        member: None,
    };
    let mut call = client.join(options, fixture.rng()).await.unwrap();
    let roster = wait_for(&mut call, |event| match event {
        CallEvent::Roster(roster) => Some(roster),
        _ => None,
    })
    .await;
    assert_eq!((roster.active.len(), roster.pending_count), (1, 1));
    while call.next().await.is_some() {}
    assert_eq!(server.await.unwrap(), [Some(json!("delta")), None]);
}

#[tokio::test]
async fn a_client_without_a_group_shows_nothing_of_it() {
    let (fixture, person, room) = person_and_room().await;
    let (listener, client) = listen().await;
    let server = tokio::spawn(async move {
        let mut socket = accept(&listener).await;
        socket.next().await.unwrap().unwrap();
        say(&mut socket, &welcome(16, &era_text())).await;
        for message in [
            json!({"type": "error", "code": "commits_dropped", "message": ""}),
            json!({"type": "commit", "group": 1, "epoch": 0, "from": 32, "body": ""}),
            json!({"type": "welcome", "group": 1, "epoch": 1, "from": 32, "body": ""}),
            json!({"type": "refuse", "group": 1, "epoch": 0, "from": 32}),
            json!({"type": "removed"}),
        ] {
            say(&mut socket, &message).await;
        }
        while let Some(Ok(_)) = socket.next().await {}
    });
    let options = JoinOptions {
        room,
        pass: person.pass.clone(),
        passkey: None,
        name: None,
        member: None,
    };
    let mut call = client.join(options, fixture.rng()).await.unwrap();
    let first = wait_for(&mut call, |event| match event {
        CallEvent::Joined(_) => None,
        other => Some(other),
    })
    .await;
    assert!(
        matches!(first, CallEvent::Ended(EndReason::Removed)),
        "{first:?}"
    );
    server.await.unwrap();
}

#[tokio::test]
async fn a_call_that_makes_no_sense_ends() {
    for nonsense in [
        Message::text("{}"),
        Message::text("not JSON"),
        Message::text(r#"{"type":"relay","from":0,"body":""}"#),
        Message::text(r#"{"type":"relay","from":16,"body":"%"}"#),
        Message::text(r#"{"type":"participants","eraId":"00","active":[],"pending":[]}"#),
        Message::text(r#"{"type":"roster","eraId":"00","pendingCount":0}"#),
        Message::text(
            json!({
                "type": "roster", "eraId": era_text(), "pendingCount": 0,
                "joined": [{"demuxId": 16, "status": "bored"}],
            })
            .to_string(),
        ),
        Message::text(welcome(16, &era_text()).to_string()),
        Message::binary(vec![1, 2, 3]),
    ] {
        let (fixture, person, room) = person_and_room().await;
        let (listener, client) = listen().await;
        let sent = nonsense.clone();
        let server = tokio::spawn(async move {
            let mut socket = accept(&listener).await;
            socket.next().await.unwrap().unwrap();
            say(&mut socket, &welcome(16, &era_text())).await;
            socket.send(sent).await.unwrap();
            while let Some(Ok(_)) = socket.next().await {}
        });
        let options = JoinOptions {
            room,
            pass: person.pass.clone(),
            passkey: None,
            name: None,
            member: None,
        };
        let mut call = client.join(options, fixture.rng()).await.unwrap();
        let long = call.send(Recipient::All, &vec![0; MAX_MESSAGE + 1]).await;
        assert!(matches!(long, Err(RoomsError::MessageTooLong(_))));
        let end = wait_for(&mut call, |event| match event {
            CallEvent::Ended(end_reason) => Some(end_reason),
            _ => None,
        })
        .await;
        assert!(
            matches!(
                end,
                EndReason::Failed(RoomsError::Exchange(ExchangeError {
                    failure: TransportFailure::Malformed(_),
                    ..
                }))
            ),
            "{nonsense:?}: {end:?}"
        );
        server.await.unwrap();
    }
}

#[tokio::test]
async fn joins_that_are_not_answered_in_order_fail() {
    let redirect = json!({"type": "redirect", "url": "ftp://elsewhere"});
    let cases = [
        (json!({"type": "admitted"}), "does not answer the join"),
        (welcome(0, &era_text()), "a device without a number"),
        (welcome(16, "short"), "no era id"),
        (redirect, "redirects"),
        (
            json!({"type": "error", "code": "odd", "message": "a\u{1b}[2Jb"}),
            "the room service refused: a[2Jb (odd)",
        ),
    ];
    for (answer, expected) in cases {
        let (fixture, person, room) = person_and_room().await;
        let (listener, client) = listen().await;
        let server = tokio::spawn(async move {
            let mut socket = accept(&listener).await;
            socket.next().await.unwrap().unwrap();
            say(&mut socket, &answer).await;
            socket
        });
        let options = JoinOptions {
            room,
            pass: person.pass.clone(),
            passkey: None,
            name: None,
            member: None,
        };
        let shown = client
            .join(options, fixture.rng())
            .await
            .unwrap_err()
            .to_string();
        assert!(shown.contains(expected), "{shown}");
        drop(server.await.unwrap());
    }
}

#[tokio::test]
async fn silence_is_a_timeout_and_circles_end() {
    let (fixture, person, room) = person_and_room().await;
    let options = || JoinOptions {
        room: room.clone(),
        pass: person.pass.clone(),
        passkey: None,
        name: None,
        member: None,
    };
    let (listener, client) = listen().await;
    let server = tokio::spawn(async move { accept(&listener).await });
    let error = client.join(options(), fixture.rng()).await;
    assert!(
        matches!(
            error,
            Err(RoomsError::Exchange(ExchangeError {
                failure: TransportFailure::TimedOut,
                ..
            }))
        ),
        "{error:?}"
    );
    drop(server.await.unwrap());

    let (listener, client) = listen().await;
    let here = format!("ws://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let mut socket = accept(&listener).await;
            socket.next().await.unwrap().unwrap();
            say(&mut socket, &json!({"type": "redirect", "url": here})).await;
            while let Some(Ok(_)) = socket.next().await {}
        }
    });
    let error = client.join(options(), fixture.rng()).await;
    assert!(matches!(error, Err(RoomsError::Redirected)), "{error:?}");
}
