//! An HTTP/2 client (RFC 9113) with behaviour that no library has.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::within;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
/// The flag of DATA and HEADERS.
const END_STREAM: u8 = 1;
/// The flag of SETTINGS and PING.
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;
/// The default window of a stream.
pub(crate) const WINDOW: u32 = 65_535;

pub(crate) struct Http2(TcpStream);

#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

impl Http2 {
    /// Starts a connection with this window for the answer of each stream.
    pub(crate) async fn start(stream: TcpStream, window: u32) -> Self {
        let mut client = Self(stream);
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        client.0.write_all(preface).await.unwrap();
        // SETTINGS_INITIAL_WINDOW_SIZE.
        let mut settings = vec![0, 4];
        settings.extend(window.to_be_bytes());
        client.send(SETTINGS, 0, 0, &settings).await;
        client
    }

    async fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut frame = vec![length[1], length[2], length[3], kind, flags];
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        // The server may have disconnected.
        let _ = self.0.write_all(&frame).await;
    }

    /// Sends a request's head: `GET` without a body, or `POST` with one to follow.
    pub(crate) async fn head(&mut self, stream: u32, path: &str, has_body: bool) {
        let method = if has_body { 0x83 } else { 0x82 };
        let mut block = vec![method, 0x86, 0x04, u8::try_from(path.len()).unwrap()];
        block.extend(path.bytes());
        block.extend([0x01, 1, b'x']);
        let end = if has_body { 0 } else { END_STREAM };
        self.send(HEADERS, END_HEADERS | end, stream, &block).await;
    }

    /// Sends a part of a body. More parts follow.
    pub(crate) async fn part(&mut self, stream: u32, bytes: &[u8]) {
        self.send(DATA, 0, stream, bytes).await;
    }

    /// Sends the end of a body.
    pub(crate) async fn end(&mut self, stream: u32) {
        self.send(DATA, END_STREAM, stream, &[]).await;
    }

    /// Reads the next frame; `None` at the end of the connection. Answers pings.
    pub(crate) async fn frame(&mut self) -> Option<Frame> {
        within(self.read_frame()).await
    }

    async fn read_frame(&mut self) -> Option<Frame> {
        loop {
            let mut head = [0; 9];
            self.0.read_exact(&mut head).await.ok()?;
            let [a, b, c, kind, flags, stream @ ..] = head;
            let length = usize::try_from(u32::from_be_bytes([0, a, b, c])).unwrap();
            let mut payload = vec![0; length];
            self.0.read_exact(&mut payload).await.ok()?;
            if kind == PING && flags & ACK == 0 {
                self.send(PING, ACK, 0, &payload).await;
                continue;
            }
            let stream = u32::from_be_bytes(stream);
            return Some(Frame {
                kind,
                flags,
                stream,
                payload,
            });
        }
    }

    /// Reads the next frame of a kind.
    pub(crate) async fn frame_of(&mut self, kind: u8) -> Frame {
        loop {
            let frame = self.frame().await.unwrap();
            if frame.kind == kind {
                return frame;
            }
        }
    }

    /// Reads the whole body of an answer.
    pub(crate) async fn answer(&mut self, stream: u32) -> String {
        let mut body = Vec::new();
        loop {
            let frame = self.frame().await.unwrap();
            if frame.stream != stream {
                continue;
            }
            assert!(matches!(frame.kind, DATA | HEADERS), "{frame:?}");
            if frame.kind == DATA {
                body.extend(frame.payload);
            }
            if frame.flags & END_STREAM != 0 {
                return String::from_utf8(body).unwrap();
            }
        }
    }

    /// Sends a request, and expects this text as its answer.
    pub(crate) async fn ask(&mut self, stream: u32, path: &str, answer: &str) {
        self.head(stream, path, false).await;
        assert_eq!(self.answer(stream).await, answer);
    }

    /// Reads until the connection ends.
    pub(crate) async fn read_to_end(&mut self) {
        while self.frame().await.is_some() {}
    }
}
