//! Sound of a call through a running `anteroom serve`: devices with sockets and connections of their own.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use anteroom_media_device::Client;
use anteroom_protocol::{Aci, DemuxId, MemberKey};
use anteroom_testkit::{NativeClient, RoomsTransport, SeededEntropy, TestPresenter};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures::{SinkExt as _, StreamExt as _};
use mio::{Events, Poll};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest as _},
};

use crate::{directory::TestDirectory, media::params_of, rotation::now};

/// The maximum wait for an event.
const PATIENCE: Duration = Duration::from_secs(60);

/// A device: its socket, and its connection for sound and picture.
struct Device {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    client: Client,
    /// The messages that were not answers to offers.
    messages: Vec<Value>,
}

impl Device {
    /// Joins a call, and offers a connection.
    async fn join(url: &str, join: Value, poll: &Poll, over_tcp: bool, token: usize) -> Self {
        let mut request = url.into_client_request().unwrap();
        let protocol = "anteroom.v1".parse().unwrap();
        let headers = request.headers_mut();
        headers.insert("sec-websocket-protocol", protocol);
        let (mut socket, _) = connect_async(request).await.unwrap();
        send(&mut socket, &join).await;
        let joined = next(&mut socket).await;
        assert_eq!(joined["type"], "joined", "{joined}");
        let features = joined["features"].as_array().unwrap();
        assert!(features.contains(&json!("media")), "{joined}");
        let config = json!({
            "audioSlots": 4, "videoSlots": 49, "maxBitrate": 3_000_000, "codecs": ["opus", "VP8"],
        });
        assert_eq!(joined["mediaConfig"], config);
        let id = u32::try_from(joined["demuxId"].as_u64().unwrap()).unwrap();
        let from = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let id = DemuxId::new(id).unwrap();
        let (client, offer) = Client::new(id, over_tcp, from, poll.registry(), token);
        let publish = json!({
            "type": "publish", "audio": true, "camera": false, "screen": false, "screenAudio": false,
        });
        send(&mut socket, &publish).await;
        let media = json!({"type": "media", "session": 1, "offer": offer});
        send(&mut socket, &media).await;
        Self {
            socket,
            client,
            messages: Vec::new(),
        }
    }

    /// Takes what has come, for a moment.
    async fn advance(&mut self, poll: &Poll) {
        self.client.pump();
        while let Ok(message) = timeout(Duration::from_millis(2), next(&mut self.socket)).await {
            if message["type"] == "media" {
                let answer = message["answer"].as_str().unwrap();
                self.client.take_answer(answer, poll.registry());
            } else {
                assert_ne!(message["type"], "error", "{message}");
                self.messages.push(message);
            }
        }
    }
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn send(socket: &mut Socket, message: &Value) {
    let message = Message::text(message.to_string());
    socket.send(message).await.unwrap();
}

async fn next(socket: &mut Socket) -> Value {
    match socket.next().await {
        Some(Ok(Message::Text(text))) => serde_json::from_str(&text).unwrap(),
        other => unreachable!("no message but {other:?}"),
    }
}

/// Carries both devices on until something is so.
async fn until(
    devices: &mut [Device],
    poll: &mut Poll,
    what: &str,
    mut is_so: impl FnMut(&mut [Device]) -> bool,
) {
    let deadline = Instant::now() + PATIENCE;
    let mut events = Events::with_capacity(16);
    loop {
        for device in devices.iter_mut() {
            device.advance(poll).await;
        }
        if is_so(devices) {
            return;
        }
        assert!(Instant::now() < deadline, "waited for {what}");
        poll.poll(&mut events, Some(Duration::from_millis(1)))
            .unwrap();
    }
}

/// Lets a device say something until the other hears it.
async fn say_until_heard(devices: &mut [Device], poll: &mut Poll, sender: usize, listener: usize) {
    until(devices, poll, "a sound", |devices| {
        devices[sender].client.say(b"hello");
        devices[listener]
            .client
            .heard()
            .iter()
            .any(|packet| packet == b"hello")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_devices_hear_each_other_through_serve_until_one_is_removed() {
    let mut place = TestDirectory::new();
    place.set("ANTEROOM_ADMIN_LISTEN", "127.0.0.1:0");
    let service = place.start();
    let params = params_of(&place, place.path().join("params.json").to_str().unwrap());
    let listen = fs::read_to_string(place.data().join("listen.json")).unwrap();
    let listen: Value = serde_json::from_str(&listen).unwrap();
    let rooms = listen["rooms"].as_str().unwrap();
    let presenter = TestPresenter::new(Arc::new(params), Arc::new(SeededEntropy::of_this_test(1)));
    let owner = NativeClient {
        transport: RoomsTransport::to_url(rooms),
        link: presenter.new_link(),
        presenter,
        day: now().start_of_day(),
    };
    let (ann, bob) = (owner.presenter.new_account(), owner.presenter.new_account());
    let created = owner.create(&ann).await;
    assert_eq!(created.status, 200);
    assert_eq!(owner.restrict(&ann, "none").await.status, 200);
    let join = |aci: &Aci, key: [u8; 32], is_admin: bool| {
        let member = MemberKey::from_bytes(key);
        let auth = owner
            .presenter
            .auth_for(&owner.link, aci, Some(&member), owner.day);
        let mut join = json!({
            "type": "join", "roomId": owner.link.room(), "auth": auth, "member": URL_SAFE_NO_PAD.encode(member.as_bytes()),
        });
        if is_admin {
            join["adminPasskey"] = json!(owner.link.passkey_text());
        }
        join
    };
    let url = format!("{}/v3/conference/socket", rooms.replacen("http", "ws", 1));
    let mut poll = Poll::new().unwrap();
    let first = Device::join(&url, join(&ann, [1; 32], true), &poll, false, 1).await;
    let second = Device::join(&url, join(&bob, [2; 32], false), &poll, true, 2).await;
    let mut devices = [first, second];
    until(&mut devices, &mut poll, "connections", |devices| {
        devices.iter().all(|device| device.client.is_connected)
    })
    .await;
    say_until_heard(&mut devices, &mut poll, 0, 1).await;
    say_until_heard(&mut devices, &mut poll, 1, 0).await;
    let metrics = format!("{}/rooms/metrics", listen["admin"].as_str().unwrap());
    let value = |name: &str| -> u64 {
        let page = place.get(&metrics);
        let mut lines = page.lines();
        let line = lines.find_map(|line| line.strip_prefix(&format!("{name} ")));
        line.unwrap().parse().unwrap()
    };
    assert_eq!(value("anteroom_media_calls"), 1);
    assert_eq!(value("anteroom_media_participants"), 2);
    assert!(value("anteroom_media_forwarded_packets_total") > 0);

    let removed = devices[1].client.id.number();
    let remove = json!({"type": "remove", "demuxId": removed});
    send(&mut devices[0].socket, &remove).await;
    let (ann, bob) = devices.split_at_mut(1);
    until(ann, &mut poll, "the roster without the other", |devices| {
        let device = &devices[0];
        device.messages.iter().any(|message| {
            let active = message["active"].as_array();
            message["type"] == "participants" && active.is_some_and(|active| active.len() == 1)
        })
    })
    .await;
    // Nothing of what is said from then on reaches the device that has gone.
    bob[0].client.pump();
    bob[0].client.heard();
    for _ in 0..50 {
        ann[0].client.say_now(b"alone");
    }
    until(ann, &mut poll, "the end of a connection", |_| {
        value("anteroom_media_participants") == 1
    })
    .await;
    bob[0].client.pump();
    assert!(bob[0].client.heard().is_empty());
    drop(devices);
    let (status, log) = service.stop();
    assert!(status.success(), "{log:#?}");
}
