//! A minimal HTTP/1.1 client, whose cost is negligible beside the measured work.

use std::{mem, net::Ipv4Addr};

use anyhow::{Context as _, Result, bail, ensure};
use futures::future::try_join_all;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};

/// The number of concurrent connections.
const CONNECTIONS: usize = 32;
/// The maximum length of an answer's head or body, in bytes.
const MOST: usize = 64 * 1024;
/// An answer of this status has neither body nor length.
const NO_CONTENT: u16 = 204;

/// A request, ready to go out.
#[derive(Clone)]
pub(crate) struct Request {
    bytes: Vec<u8>,
    /// The expected status.
    expected: u16,
}

/// Open persistent connections.
pub(crate) struct Connections {
    host: String,
    open: Vec<Connection>,
}

/// A persistent connection.
pub(crate) struct Connection<S = TcpStream> {
    stream: S,
    buffer: Vec<u8>,
}

impl Request {
    /// `headers` are whole lines.
    pub(crate) fn get(path: &str, host: &str, headers: &str, expected: u16) -> Self {
        Self::new("GET", path, host, headers, "", expected)
    }

    /// Returns a deletion, which is answered without a body; `headers` are whole lines.
    pub(crate) fn delete(path: &str, host: &str, headers: &str) -> Self {
        Self::new("DELETE", path, host, headers, "", NO_CONTENT)
    }

    /// Returns a body of JSON; `headers` are whole lines.
    pub(crate) fn post(path: &str, host: &str, headers: &str, body: &str, expected: u16) -> Self {
        Self::with_body("POST", path, host, headers, body, expected)
    }

    /// Returns a body of JSON with another method; `headers` are whole lines.
    pub(crate) fn with_body(
        method: &str,
        path: &str,
        host: &str,
        headers: &str,
        body: &str,
        expected: u16,
    ) -> Self {
        let length = body.len();
        let headers =
            format!("{headers}content-type: application/json\r\ncontent-length: {length}\r\n");
        Self::new(method, path, host, &headers, body, expected)
    }

    fn new(method: &str, path: &str, host: &str, headers: &str, body: &str, expected: u16) -> Self {
        let text = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\n{headers}\r\n{body}");
        Self {
            bytes: text.into_bytes(),
            expected,
        }
    }
}

impl Connections {
    pub(crate) fn new(host: &str) -> Self {
        Self {
            host: host.to_owned(),
            open: Vec::new(),
        }
    }

    /// Sends all requests over all connections, each one's next when its last is answered. Gives the
    /// bodies in the order of the requests.
    pub(crate) async fn send(&mut self, requests: &[Request]) -> Result<Vec<Vec<u8>>> {
        let share = requests.len().div_ceil(CONNECTIONS).max(1);
        let work = self.open.iter_mut().zip(requests.chunks(share));
        let bodies = try_join_all(work.map(async |(connection, requests)| {
            let mut bodies = Vec::with_capacity(requests.len());
            for request in requests {
                bodies.push(connection.exchange(request).await?);
            }
            anyhow::Ok(bodies)
        }))
        .await?;
        Ok(bodies.into_iter().flatten().collect())
    }

    /// Opens new connections, since the service closes those that were idle for long.
    pub(crate) async fn reopen(&mut self) -> Result<()> {
        let connect = (0..CONNECTIONS).map(|_| Connection::open(&self.host));
        self.open = try_join_all(connect).await?;
        Ok(())
    }
}

impl Connection {
    pub(crate) async fn open(host: &str) -> Result<Self> {
        let stream = TcpStream::connect(host).await?;
        stream.set_nodelay(true)?;
        Ok(Self::over(stream))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub(crate) const fn over(stream: S) -> Self {
        Self {
            stream,
            buffer: Vec::new(),
        }
    }

    /// Returns the body of the answer.
    pub(crate) async fn exchange(&mut self, request: &Request) -> Result<Vec<u8>> {
        self.stream.write_all(&request.bytes).await?;
        let head = loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                break end + 4;
            }
            self.more().await?;
        };
        let text = str::from_utf8(self.buffer.get(..head).unwrap_or_default())?;
        let (status, length) = parse(text)?;
        while self.buffer.len() < head + length {
            self.more().await?;
        }
        if status != request.expected {
            bail!("{status}: {}", String::from_utf8_lossy(&self.buffer));
        }
        let rest = self.buffer.split_off(head + length);
        let mut answer = mem::replace(&mut self.buffer, rest);
        Ok(answer.split_off(head))
    }

    async fn more(&mut self) -> Result<()> {
        ensure!(self.buffer.len() < MOST, "the answer is too long");
        let read = self.stream.read_buf(&mut self.buffer).await?;
        ensure!(read > 0, "the connection was closed");
        Ok(())
    }
}

/// Returns a connection from this address of this machine.
pub(crate) async fn connect_from(from: Ipv4Addr, host: &str) -> Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((from, 0).into())?;
    let stream = socket.connect(host.parse()?).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Status and length of the body.
fn parse(head: &str) -> Result<(u16, usize)> {
    let status = head.split(' ').nth(1).context("no status")?.parse()?;
    if status == NO_CONTENT {
        return Ok((status, 0));
    }
    for line in head.split("\r\n") {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            return Ok((status, value.trim().parse()?));
        }
    }
    bail!("an answer without a length: {head}")
}

fn find(bytes: &[u8], pattern: &[u8]) -> Option<usize> {
    bytes
        .windows(pattern.len())
        .position(|window| window == pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_and_length_are_read() {
        let head = "HTTP/1.1 404 Not Found\r\nContent-Length: 12\r\nx: y\r\n\r\n";
        assert_eq!(parse(head).unwrap(), (404, 12));
        assert_eq!(parse("HTTP/1.1 204 No Content\r\n\r\n").unwrap(), (204, 0));
        assert!(parse("HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
