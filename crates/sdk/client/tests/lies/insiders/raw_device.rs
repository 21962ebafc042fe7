//! A device that the test plays itself: a socket to the room service, and no client behind it.

use std::{sync::Arc, time::Duration};

use anteroom_client::{DemuxId, EraId, OpaqueUserId};
use anteroom_e2ee::{HelloContent, MemberKey};
use anteroom_protocol::HelloKey;
use anteroom_runtime::Clock as _;
use anteroom_testkit::TestLink;
use anteroom_wire::rooms::socket::{
    ClientMessage, JoinMessage, Recipients, RosterUpdates, ServerMessage,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures::{SinkExt as _, StreamExt as _};
use tokio::{net::TcpStream, sync::mpsc, task::JoinHandle, time::interval};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest as _},
};

use crate::{
    record::Record,
    stage::{Account, Stage, within},
};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;
type Inbox = Record<Vec<ServerMessage<'static>>>;

/// The kind of a relay with a key package, and of one with an application message.
const KEY_PACKAGE: u8 = 2;
pub(crate) const GROUP_MESSAGE: u8 = 3;

/// A device with a seat in a call.
pub(crate) struct RawDevice {
    pub(crate) user: OpaqueUserId,
    pub(crate) demux: DemuxId,
    pub(crate) era: EraId,
    inbox: Arc<Inbox>,
    outbox: mpsc::UnboundedSender<ClientMessage>,
}

impl RawDevice {
    /// Joins a call under a member key.
    pub(crate) async fn join(stage: &Stage, account: &Account, key: &MemberKey) -> Self {
        let root_key = &stage.link.root_key;
        let ciphertext = root_key.secret_params().encrypt(&account.aci.into());
        let hello = HelloContent::new("Ivan", Some(key.public()));
        let hello = hello.seal(&HelloKey::derive(root_key), &ciphertext, &mut *stage.rng());
        let member = key.public().named();
        let link = TestLink {
            root_key: root_key.clone(),
            passkey: stage.rights.passkey(&root_key.room_id()),
        };
        let day = stage.rooms.clock.now().start_of_day();
        let presenter = stage.rooms.presenter();
        let join = ClientMessage::Join(Box::new(JoinMessage {
            room_id: root_key.room_id().to_hex(),
            epoch: root_key.epoch(),
            auth: presenter
                .auth_for(&link, &account.aci, Some(&member), day)
                .into(),
            admin_passkey: None,
            resume: None,
            roster: RosterUpdates::Whole,
            hello: Some(hello.unwrap()),
            member: Some(member),
            have: None,
        }));
        let mut request = stage.rooms.socket_url().into_client_request().unwrap();
        let protocol = "anteroom.v1".parse().unwrap();
        request
            .headers_mut()
            .insert("sec-websocket-protocol", protocol);
        let (socket, _) = connect_async(request).await.unwrap();
        let inbox = Arc::new(Inbox::default());
        let (outbox, queue) = mpsc::unbounded_channel();
        outbox.send(join).unwrap_or_else(|_| panic!("it is open"));
        tokio::spawn(serve(socket, queue, Arc::clone(&inbox)));
        let joined = inbox.until(|inbox| match inbox.first()? {
            ServerMessage::Joined(joined) => {
                let era = EraId::parse(&joined.era_id).unwrap();
                Some((DemuxId::new(joined.demux_id).unwrap(), era))
            }
            _ => panic!("another answer to a join"),
        });
        let (demux, era) = within(joined, || "a raw device joins in vain".to_owned()).await;
        Self {
            user: OpaqueUserId::of_ciphertext(&ciphertext),
            demux,
            era,
            inbox,
            outbox,
        }
    }

    pub(crate) fn send(&self, message: ClientMessage) {
        let sent = self.outbox.send(message);
        sent.unwrap_or_else(|_| panic!("the socket is open"));
    }

    /// Relays the sealed key package of a device that asks the first group or a later one, again and again, until the value is dropped.
    pub(crate) fn keep_asking(&self, key_package: &[u8]) -> Repetition {
        self.repeat([&[KEY_PACKAGE, 0, 0, 0, 0][..], key_package].concat())
    }

    /// Relays a body again and again, until the value is dropped.
    pub(crate) fn repeat(&self, body: Vec<u8>) -> Repetition {
        let body = STANDARD.encode(body);
        self.repeat_message(move || ClientMessage::Relay {
            to: Recipients::ALL,
            body: body.clone(),
        })
    }

    /// Sends a message again and again, until the value is dropped.
    pub(crate) fn repeat_message(
        &self,
        message: impl Fn() -> ClientMessage + Send + 'static,
    ) -> Repetition {
        let outbox = self.outbox.clone();
        Repetition(tokio::spawn(async move {
            let mut times = interval(Duration::from_millis(1_500));
            loop {
                times.tick().await;
                if outbox.send(message()).is_err() {
                    return;
                }
            }
        }))
    }

    pub(crate) fn relay(&self, body: &[u8]) {
        self.send(ClientMessage::Relay {
            to: Recipients::ALL,
            body: STANDARD.encode(body),
        });
    }

    /// Waits until the room service has answered what this device sent before.
    pub(crate) async fn ping(&self) {
        let before = self.count_messages();
        self.send(ClientMessage::Ping);
        let answered = self.inbox.until(|inbox| {
            let mut later = inbox.iter().skip(before);
            later
                .any(|message| matches!(message, ServerMessage::Pong { .. }))
                .then_some(())
        });
        within(answered, || "a raw device pings in vain".to_owned()).await;
    }

    /// Waits for a message of the room service, which may have come already.
    pub(crate) async fn message<T>(
        &self,
        what: &str,
        meaning: impl Fn(&ServerMessage<'static>) -> Option<T>,
    ) -> T {
        let found = self.inbox.until(|inbox| inbox.iter().find_map(&meaning));
        within(found, || format!("a raw device waits for {what} in vain")).await
    }

    /// Returns what the messages until now, from a number on, say; and the number of the messages.
    pub(crate) fn messages_since<T>(
        &self,
        number: usize,
        meaning: impl Fn(&ServerMessage<'static>) -> Option<T>,
    ) -> (Vec<T>, usize) {
        self.inbox.read(|inbox| {
            let later = inbox.iter().skip(number).filter_map(meaning);
            (later.collect(), inbox.len())
        })
    }

    pub(crate) fn count_messages(&self) -> usize {
        self.inbox.read(Vec::len)
    }

    /// Waits until something is among the messages of the room service.
    pub(crate) async fn until<T>(
        &self,
        found: impl Fn(&[ServerMessage<'static>]) -> Option<T>,
    ) -> T {
        let found = self.inbox.until(|inbox| found(inbox));
        within(found, || "a raw device waits in vain".to_owned()).await
    }

    /// Waits for the sealed key package with which another device asks.
    pub(crate) async fn key_package_of(&self, device: DemuxId) -> Vec<u8> {
        self.other_key_package_of(device, &[]).await
    }

    /// Waits for another key package of a device than one.
    pub(crate) async fn other_key_package_of(&self, device: DemuxId, known: &[u8]) -> Vec<u8> {
        self.until(|inbox| {
            let relayed = inbox.iter().rev().find_map(|message| match message {
                ServerMessage::Relay { from, body } if *from == device.number() => {
                    let body = STANDARD.decode(body).unwrap();
                    let sealed = body.strip_prefix(&[KEY_PACKAGE])?;
                    Some(sealed[4..].to_vec())
                }
                _ => None,
            });
            relayed.filter(|sealed| sealed != known)
        })
        .await
    }
}

/// Something that a device says again and again, until the value is dropped.
pub(crate) struct Repetition(JoinHandle<()>);

impl Drop for Repetition {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Keeps the socket going until it is closed, or the device is dropped.
async fn serve(
    mut socket: Socket,
    mut queue: mpsc::UnboundedReceiver<ClientMessage>,
    inbox: Arc<Inbox>,
) {
    let mut pings = interval(Duration::from_secs(5));
    pings.tick().await;
    loop {
        let message = tokio::select! {
            received = socket.next() => match received {
                Some(Ok(Message::Text(text))) => {
                    let message = serde_json::from_str(&text).unwrap();
                    inbox.change(|inbox| inbox.push(message));
                    continue;
                }
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => return,
            },
            message = queue.recv() => match message {
                Some(message) => message,
                None => return,
            },
            _ = pings.tick() => ClientMessage::Ping,
        };
        let text = serde_json::to_string(&message).unwrap();
        if socket.send(Message::text(text)).await.is_err() {
            return;
        }
    }
}
