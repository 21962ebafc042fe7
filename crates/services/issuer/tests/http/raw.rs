//! HTTP/1.1 as bytes, for requests that no library sends.

use std::collections::BTreeMap;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

#[derive(Debug)]
pub(crate) struct RawAnswer {
    pub(crate) status: u16,
    /// The names are in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

/// A connection that is opened again when the server has closed it.
pub(crate) struct RawClient {
    address: String,
    stream: Option<TcpStream>,
}

impl RawClient {
    /// Creates a client for a server at `http://ADDRESS`.
    pub(crate) fn new(base_url: &str) -> Self {
        Self {
            address: base_url.strip_prefix("http://").unwrap().to_owned(),
            stream: None,
        }
    }

    /// Sends a `GET` with the exact bytes of one header line.
    pub(crate) async fn get(&mut self, path: &str, header: &[u8]) -> RawAnswer {
        let head = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n", self.address);
        let request = [head.as_bytes(), header, b"\r\n\r\n"].concat();
        self.send(&request).await
    }

    /// Sends the exact bytes of a whole request.
    pub(crate) async fn send(&mut self, request: &[u8]) -> RawAnswer {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => TcpStream::connect(&self.address).await.unwrap(),
        };
        // The server may answer and close before it has read everything.
        let _ = stream.write_all(request).await;
        let answer = read_answer(&mut stream).await;
        let stays = answer.headers.get("connection").map(String::as_str) != Some("close");
        // hyper closes the connection after a refusal of its own.
        if stays && answer.headers.contains_key("x-request-id") {
            self.stream = Some(stream);
        }
        answer
    }
}

async fn read_answer(stream: &mut TcpStream) -> RawAnswer {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "no answer");
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap();
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length: usize = headers
        .get("content-length")
        .map_or(0, |length| length.parse().unwrap());
    while bytes.len() < end + length {
        assert_ne!(
            stream.read_buf(&mut bytes).await.unwrap(),
            0,
            "half an answer"
        );
    }
    RawAnswer {
        status: status.parse().unwrap(),
        headers,
        body: bytes[end..].to_vec(),
    }
}
