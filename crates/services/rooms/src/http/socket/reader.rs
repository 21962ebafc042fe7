//! The reader of one client's messages.

use futures::{Stream, StreamExt as _};
use tokio_tungstenite::tungstenite::{Error, Message, error::CapacityError};

use super::{inbound::InboundMessage, refusal::Refusal, throttle::Throttle};

/// The client has disconnected.
pub(super) struct PeerClosed;

/// Reads the messages of one client, at most at the rate of its [`Throttle`].
pub(super) struct Reader<'a> {
    stream: &'a mut (dyn Stream<Item = Result<Message, Error>> + Send + Unpin),
    throttle: Throttle,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        stream: &'a mut (dyn Stream<Item = Result<Message, Error>> + Send + Unpin),
    ) -> Self {
        Self {
            stream,
            throttle: Throttle::new(),
        }
    }

    /// Waits for the next message of the client.
    pub(super) async fn next(&mut self) -> Result<InboundMessage, PeerClosed> {
        loop {
            self.throttle.wait().await;
            return match self.stream.next().await {
                Some(Ok(Message::Text(text))) => Ok(InboundMessage::parse(&text)),
                Some(Ok(Message::Binary(_))) => Ok(InboundMessage::unreadable(Refusal::Binary)),
                // The WebSocket layer answers these.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                Some(Err(error)) if is_too_large(&error) => {
                    Ok(InboundMessage::unreadable(Refusal::TooLarge))
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => Err(PeerClosed),
            };
        }
    }
}

const fn is_too_large(error: &Error) -> bool {
    matches!(error, Error::Capacity(CapacityError::MessageTooLong { .. }))
}

#[cfg(test)]
mod tests {
    use futures::stream;
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_sends_without_end_is_read_slowly() {
        // The WebSocket layer answers pings, but the reader reads and counts them.
        let ping = r#"{"type": "ping"}"#;
        let messages = [Message::text(ping), Message::Ping(ping.into())];
        let sent = messages.into_iter().cycle().map(Ok).take(24_000);
        let mut sent = stream::iter(sent);
        let mut reader = Reader::new(&mut sent);
        let start = Instant::now();
        while let Ok(message) = reader.next().await {
            assert!(message.content.is_ok());
        }
        // After the first 10,000, the rate is 2,000 a second.
        let elapsed = start.elapsed().as_secs_f64();
        assert!((6.9..7.1).contains(&elapsed), "{elapsed}");
    }
}
