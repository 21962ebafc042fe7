//! The byte stream of a client's connection.

use std::{
    io::{self, Cursor},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use parking_lot::Mutex;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, sleep_until},
};
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;

/// The minimum length of the head of a client's frame: two bytes, and four of a mask.
const MIN_HEAD: usize = 6;
/// The number of payload bytes that are read at once while the stream is limited to one frame.
const CHUNK: usize = 1024;

/// A connection that records when it last took bytes, and that reads no further than the end of one
/// frame until the limit is lifted. The bytes after that frame stay unread, so that a WebSocket with other
/// limits can continue from there.
pub(super) struct ClientStream<S> {
    stream: S,
    taken: WriteProgress,
    /// The reader's position in a frame; `None` once the limit is lifted.
    frame: Option<FramePosition>,
}

/// The time at which a connection last took bytes. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct WriteProgress(Arc<Mutex<Instant>>);

impl WriteProgress {
    fn note(&self) {
        *self.0.lock() = Instant::now();
    }

    /// Completes when the connection has taken no byte for `limit`, counted from the call.
    pub(super) async fn stalled(&self, limit: Duration) {
        let mut last = Instant::now();
        loop {
            sleep_until(last + limit).await;
            let taken = *self.0.lock();
            if taken <= last {
                return;
            }
            last = taken;
        }
    }
}

impl<S> ClientStream<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            taken: WriteProgress(Arc::new(Mutex::new(Instant::now()))),
            frame: Some(FramePosition::default()),
        }
    }

    pub(super) fn last_taken(&self) -> WriteProgress {
        self.taken.clone()
    }

    /// Removes the limit of one frame.
    pub(super) fn lift_limit(&mut self) {
        self.frame = None;
    }
}

/// The position of a reader in a frame (RFC 6455, section 5.2).
#[derive(Debug, Default)]
struct FramePosition {
    /// The bytes of the head that have been read.
    head: Vec<u8>,
    /// The number of payload bytes that have not been read; `None` before the head is complete.
    payload: Option<u64>,
}

impl FramePosition {
    /// Returns the number of bytes that can be read without reading beyond the frame, or beyond a
    /// head whose length is not known yet.
    fn most(&self) -> usize {
        match self.payload {
            Some(left) => usize::try_from(left).unwrap_or(CHUNK).min(CHUNK),
            None => MIN_HEAD.saturating_sub(self.head.len()).max(1),
        }
    }

    fn advance(&mut self, bytes: &[u8]) {
        match &mut self.payload {
            Some(left) => {
                *left = left.saturating_sub(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
            }
            None => {
                self.head.extend_from_slice(bytes);
                // The WebSocket refuses a malformed head itself.
                self.payload = FrameHeader::parse(&mut Cursor::new(&self.head))
                    .map_or(Some(0), |head| head.map(|(_, payload)| payload));
            }
        }
        if self.payload == Some(0) {
            *self = Self::default();
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ClientStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let Some(frame) = &mut this.frame else {
            return Pin::new(&mut this.stream).poll_read(context, buffer);
        };
        let mut chunk = [0; CHUNK];
        let most = frame.most().min(buffer.remaining());
        let part = chunk.get_mut(..most).unwrap_or_default();
        let mut read = ReadBuf::new(part);
        ready!(Pin::new(&mut this.stream).poll_read(context, &mut read))?;
        frame.advance(read.filled());
        buffer.put_slice(read.filled());
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ClientStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
        if written > 0 {
            self.taken.note();
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use futures::{SinkExt as _, StreamExt as _};
    use tokio::io::AsyncReadExt as _;
    use tokio_tungstenite::{
        WebSocketStream,
        tungstenite::{Message, protocol::Role},
    };

    use super::*;

    #[tokio::test]
    async fn nothing_is_read_beyond_the_frame_that_is_asked_for() {
        for length in [0, 1, 125, 126, 5_000, 65_535, 65_536, 70_000] {
            let (near, far) = tokio::io::duplex(1024 * 1024);
            let mut client = WebSocketStream::from_raw_socket(far, Role::Client, None).await;
            let messages = ["x".repeat(length), "after".to_owned()];
            for message in messages.clone() {
                client.send(Message::text(message)).await.unwrap();
            }
            let stream = ClientStream::new(near);
            let mut first = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
            let read = first.next().await.unwrap().unwrap();
            assert_eq!(read.into_text().unwrap().as_str(), messages[0]);
            let mut stream = first.into_inner();
            stream.lift_limit();
            let mut second = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
            let read = second.next().await.unwrap().unwrap();
            assert_eq!(read.into_text().unwrap().as_str(), "after", "{length}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_stalls_that_takes_no_byte_and_not_one_that_takes_few() {
        let limit = Duration::from_secs(30);
        let (near, mut far) = tokio::io::duplex(1);
        let mut stream = ClientStream::new(near);
        let taken = stream.last_taken();
        let start = Instant::now();
        let write = async {
            let bytes = [7; 10];
            tokio::io::AsyncWriteExt::write_all(&mut stream, &bytes)
                .await
                .unwrap();
            std::future::pending::<()>().await;
        };
        let read = async {
            // The buffer between the two ends holds one byte.
            for _ in 0..5 {
                tokio::time::sleep(Duration::from_secs(29)).await;
                far.read_u8().await.unwrap();
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = taken.stalled(limit) => {}
            () = write => {}
            () = read => {}
        }
        assert_eq!(start.elapsed(), Duration::from_secs(5 * 29 + 30));
    }
}
