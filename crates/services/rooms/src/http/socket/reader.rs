//! The reader of one client's messages, and the maximum rate at which it reads.

use std::time::Duration;

use futures::{Stream, StreamExt as _};
use tokio::time::{Instant, sleep};
use tokio_tungstenite::tungstenite::{Error, Message, error::CapacityError};

use super::{inbound::InboundMessage, refusal::Refusal};

/// The maximum sustained rate, in messages a second.
const PER_SECOND: u32 = 2_000;
/// The maximum number of messages that are read at once.
const BURST: u32 = 10_000;

/// The client has disconnected.
pub(super) struct PeerClosed;

/// Reads the messages of one client, at most at the rate of its [`Throttle`].
pub(super) struct Reader<'a> {
    stream: &'a mut (dyn Stream<Item = Result<Message, Error>> + Send + Unpin),
    parse: fn(&str) -> InboundMessage,
    throttle: Throttle,
}

impl<'a> Reader<'a> {
    /// Creates the reader of a client that has joined.
    pub(super) fn new(
        stream: &'a mut (dyn Stream<Item = Result<Message, Error>> + Send + Unpin),
    ) -> Self {
        Self {
            stream,
            parse: InboundMessage::parse,
            throttle: Throttle::new(),
        }
    }

    /// Creates the reader of the first message.
    pub(super) fn before_join(
        stream: &'a mut (dyn Stream<Item = Result<Message, Error>> + Send + Unpin),
    ) -> Self {
        Self {
            parse: InboundMessage::parse_first,
            ..Self::new(stream)
        }
    }

    /// Waits for the next message of the client.
    pub(super) async fn next(&mut self) -> Result<InboundMessage, PeerClosed> {
        loop {
            self.throttle.wait().await;
            return match self.stream.next().await {
                Some(Ok(Message::Text(text))) => Ok((self.parse)(&text)),
                Some(Ok(Message::Binary(_))) => Ok(InboundMessage::unreadable(Refusal::Binary)),
                // The WebSocket layer answers these.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                Some(Err(Error::Capacity(CapacityError::MessageTooLong { .. }))) => {
                    Ok(InboundMessage::unreadable(Refusal::TooLarge))
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => Err(PeerClosed),
            };
        }
    }
}

/// Delays the messages of a client that sends without end. They wait in the client's own
/// connection.
#[derive(Debug)]
struct Throttle {
    /// The time at which the whole burst would be available again.
    whole_at: Instant,
}

impl Throttle {
    fn new() -> Self {
        Self {
            whole_at: Instant::now(),
        }
    }

    /// Waits until another message may be read.
    async fn wait(&mut self) {
        let now = Instant::now();
        self.whole_at = self.whole_at.max(now) + Duration::from_secs(1) / PER_SECOND;
        let debt = self.whole_at.saturating_duration_since(now);
        let most = Duration::from_secs(1) * BURST / PER_SECOND;
        if let Some(delay) = debt.checked_sub(most) {
            sleep(delay).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::stream;

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

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_read_at_once_and_then_so_many_a_second() {
        let mut throttle = Throttle::new();
        let start = Instant::now();
        for _ in 0..BURST {
            throttle.wait().await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        for _ in 0..PER_SECOND {
            throttle.wait().await;
        }
        let elapsed = start.elapsed().as_secs_f64();
        assert!((0.9..2.1).contains(&elapsed), "{elapsed}");
    }
}
