//! A way to a service that keeps every byte.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use base64::{
    Engine as _,
    engine::{GeneralPurpose, general_purpose},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// The record of one direction of a connection.
type Direction = Arc<Mutex<Vec<u8>>>;

/// A relay on a free port before a service, which records both directions of each connection. It listens as
/// long as the runtime of the test.
pub(crate) struct Recorder {
    url: String,
    /// For each connection the bytes of the client, then those of the service.
    connections: Arc<Mutex<Vec<[Direction; 2]>>>,
}

impl Recorder {
    /// Starts before the service with this `http://` URL.
    pub(crate) async fn before(service: &str) -> Self {
        let address = service.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let connections: Arc<Mutex<Vec<[Direction; 2]>>> = Arc::default();
        let record = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(service) = TcpStream::connect(&address).await else {
                    continue;
                };
                let directions: [Direction; 2] = Default::default();
                record.lock().unwrap().push(directions.clone());
                let [sent, answered] = directions;
                let (from_client, to_client) = client.into_split();
                let (from_service, to_service) = service.into_split();
                tokio::spawn(copy(from_client, to_service, sent));
                tokio::spawn(copy(from_service, to_client, answered));
            }
        });
        Self { url, connections }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Returns all that was said, as the service reads it: the frames of sockets without their masks.
    pub(crate) fn record(&self) -> Vec<Vec<u8>> {
        let connections = self.connections.lock().unwrap();
        let connections = connections.iter().flat_map(|[sent, answered]| {
            let sent = sent.lock().unwrap().clone();
            let (head, frames) = at_upgrade(&sent);
            [
                head.to_vec(),
                unmasked(frames),
                answered.lock().unwrap().clone(),
            ]
        });
        connections.filter(|bytes| !bytes.is_empty()).collect()
    }
}

/// Copies one direction until its end.
async fn copy(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, into: Direction) {
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        into.lock().unwrap().extend(&buffer[..length]);
        if to.write_all(&buffer[..length]).await.is_err() {
            break;
        }
    }
    // The other end may be gone.
    let _ = to.shutdown().await;
}

/// Splits the bytes of a client behind the head of its request for a socket.
fn at_upgrade(sent: &[u8]) -> (&[u8], &[u8]) {
    let end = sent.windows(4).position(|window| window == b"\r\n\r\n");
    let (head, rest) = sent.split_at(end.map_or(sent.len(), |end| end + 4));
    let is_upgrade = String::from_utf8_lossy(head)
        .to_ascii_lowercase()
        .contains("upgrade: websocket");
    match is_upgrade {
        true => (head, rest),
        false => (sent, &[]),
    }
}

/// Returns the payloads of a client's frames (RFC 6455, section 5.2).
fn unmasked(mut frames: &[u8]) -> Vec<u8> {
    let mut payloads = Vec::new();
    while let [_, length, rest @ ..] = frames {
        assert!(length & 0x80 != 0, "clients mask their frames");
        let (bytes_of_length, length) = match length & 0x7f {
            126 => (2, u64::from(u16::from_be_bytes([rest[0], rest[1]]))),
            127 => (8, u64::from_be_bytes(rest[..8].try_into().unwrap())),
            length => (0, u64::from(length)),
        };
        let (mask, rest) = rest[bytes_of_length..].split_at(4);
        let (payload, rest) = rest.split_at(usize::try_from(length).unwrap());
        let clear = payload.iter().zip(mask.iter().cycle());
        payloads.extend(clear.map(|(byte, mask)| byte ^ mask));
        payloads.push(b'\n');
        frames = rest;
    }
    payloads
}

/// The length of the shortest value that is worth a try, in bytes.
const SHORTEST: usize = 8;

/// The length of the longest value, in bytes. Presentations have some 600.
const LONGEST: usize = 2048;

/// The forms of base64, with and without padding.
const ENGINES: [GeneralPurpose; 4] = [
    general_purpose::STANDARD,
    general_purpose::STANDARD_NO_PAD,
    general_purpose::URL_SAFE,
    general_purpose::URL_SAFE_NO_PAD,
];

/// Returns the words of texts as they are, and decoded.
pub(crate) fn values_of(texts: &[Vec<u8>]) -> BTreeSet<Vec<u8>> {
    let mut values = BTreeSet::new();
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_=".contains(byte);
    for text in texts {
        for word in text.split(|byte| !is_letter(byte)) {
            let decoded = ENGINES.iter().map(|engine| engine.decode(word).ok());
            let decoded = decoded.chain([hex::decode(word).ok()]).flatten();
            let forms = decoded.chain([word.to_vec()]);
            values.extend(forms.filter(|value| (SHORTEST..=LONGEST).contains(&value.len())));
        }
    }
    values
}
