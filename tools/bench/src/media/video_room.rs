//! The API of Janus' VideoRoom over a WebSocket: one room, publishers and subscribers.

use core::net::SocketAddr;
use std::{
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use tungstenite::{ClientRequestBuilder, Message, WebSocket, client};

/// The time for which the server and its answers are waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// The time between two attempts to connect.
const ATTEMPT_INTERVAL: Duration = Duration::from_millis(50);

const ROOM: u32 = 1;

/// A session, with one room.
pub(super) struct VideoRoom {
    socket: WebSocket<TcpStream>,
    session: Value,
    transactions: u64,
}

/// A handle of the session: one peer connection.
pub(super) struct Handle(Value);

impl VideoRoom {
    /// Connects to the server, which may still be starting, and creates the room.
    pub(super) fn open(address: SocketAddr, mut runs: impl FnMut() -> Result<()>) -> Result<Self> {
        let deadline = Instant::now() + PATIENCE;
        let stream = loop {
            match TcpStream::connect(address) {
                Ok(stream) => break stream,
                Err(error) if Instant::now() >= deadline => return Err(error.into()),
                Err(_) => {
                    runs()?;
                    thread::sleep(ATTEMPT_INTERVAL);
                }
            }
        };
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let uri = format!("ws://{address}/").parse()?;
        let request = ClientRequestBuilder::new(uri).with_sub_protocol("janus-protocol");
        let (socket, _) = client(request, stream).context("janus speaks no WebSocket")?;
        let mut room = Self {
            socket,
            session: Value::Null,
            transactions: 0,
        };
        let created = room.request(json!({ "janus": "create" }))?;
        room.session = member(&created, &["data", "id"])?;
        let handle = room.attach()?;
        let create = json!({
            "request": "create", "room": ROOM, "publishers": 200, "bitrate": 0,
            "audiocodec": "opus", "videocodec": "vp8",
        });
        let created = room.ask(&handle, &create, None)?;
        ensure!(
            created.pointer("/plugindata/data/videoroom") == Some(&json!("created")),
            "janus creates no room: {created}"
        );
        Ok(room)
    }

    /// Publishes, and returns the answer to the offer.
    pub(super) fn publish(&mut self, number: u32, offer: &str) -> Result<(Handle, String)> {
        let handle = self.attach()?;
        let join = json!({
            "request": "join", "ptype": "publisher", "room": ROOM, "id": feed(number),
        });
        self.tell(&handle, &join, None)?;
        let description = json!({ "type": "offer", "sdp": offer });
        let published = self.tell(&handle, &json!({ "request": "publish" }), Some(description))?;
        Ok((handle, description_of(&published)?))
    }

    /// Subscribes to all streams of publishers, and returns the offer.
    pub(super) fn subscribe(&mut self, senders: &[u32]) -> Result<(Handle, String)> {
        let handle = self.attach()?;
        let streams = senders
            .iter()
            .map(|sender| json!({ "feed": feed(*sender) }));
        let join = json!({
            "request": "join", "ptype": "subscriber", "room": ROOM,
            "streams": streams.collect::<Vec<_>>(),
        });
        let attached = self.tell(&handle, &join, None)?;
        Ok((handle, description_of(&attached)?))
    }

    /// Gives the answer to the offer of a subscription.
    pub(super) fn start(&mut self, handle: &Handle, answer: &str) -> Result<()> {
        let description = json!({ "type": "answer", "sdp": answer });
        self.tell(handle, &json!({ "request": "start" }), Some(description))?;
        Ok(())
    }

    fn attach(&mut self) -> Result<Handle> {
        let attach = json!({ "janus": "attach", "plugin": "janus.plugin.videoroom" });
        let attached = self.request(attach)?;
        Ok(Handle(member(&attached, &["data", "id"])?))
    }

    /// Sends a message to a handle whose answer comes at once.
    fn ask(&mut self, handle: &Handle, body: &Value, description: Option<Value>) -> Result<Value> {
        let mut request = json!({ "janus": "message", "handle_id": handle.0, "body": body });
        if let (Some(description), Some(request)) = (description, request.as_object_mut()) {
            request.insert("jsep".to_owned(), description);
        }
        self.request(request)
    }

    /// Sends a message to a handle whose answer is an event.
    fn tell(&mut self, handle: &Handle, body: &Value, description: Option<Value>) -> Result<Value> {
        let event = self.ask(handle, body, description)?;
        let error = event.pointer("/plugindata/data/error");
        ensure!(error.is_none(), "janus refuses {body}: {event}");
        Ok(event)
    }

    /// Sends a request, and returns its answer: not that it has come, and no event of others.
    fn request(&mut self, mut request: Value) -> Result<Value> {
        self.transactions += 1;
        let transaction = json!(self.transactions.to_string());
        if let Some(request) = request.as_object_mut() {
            request.insert("transaction".to_owned(), transaction.clone());
            if !self.session.is_null() {
                request.insert("session_id".to_owned(), self.session.clone());
            }
        }
        self.socket.send(Message::text(request.to_string()))?;
        loop {
            let text = match self.socket.read()? {
                Message::Text(text) => text,
                Message::Close(_) => bail!("janus has closed the connection"),
                _ => continue,
            };
            let answer: Value = serde_json::from_str(&text)?;
            if answer.get("transaction") != Some(&transaction) {
                continue;
            }
            match answer.get("janus").and_then(Value::as_str) {
                Some("ack") => {}
                Some("error") => bail!("janus refuses a request: {answer}"),
                _ => return Ok(answer),
            }
        }
    }
}

/// Returns the id of a publisher: 0 is none.
const fn feed(number: u32) -> u32 {
    number + 1
}

fn member(answer: &Value, path: &[&str]) -> Result<Value> {
    let found = answer.pointer(&format!("/{}", path.join("/")));
    found
        .cloned()
        .with_context(|| format!("janus answers without {}", path.join(".")))
}

fn description_of(event: &Value) -> Result<String> {
    let description = event.pointer("/jsep/sdp").and_then(Value::as_str);
    let description = description.with_context(|| format!("no description in {event}"))?;
    Ok(description.to_owned())
}
