//! Connections that are opened and then abandoned, in all variants.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
    time::timeout,
};

use crate::os;

/// Connections that are being opened at a time.
const AT_ONCE: usize = 64;
/// The time limit for opening a connection, much longer than it takes.
const OPENED_WITHIN: Duration = Duration::from_secs(60);
/// The services close a silent connection after 15 s, and a socket without a `join` after 10 s and
/// 5 s of farewell.
const CLOSED_WITHIN: Duration = Duration::from_secs(30);
/// The number of files of this process in addition to the connections.
const OTHER_FILES: u64 = 256;

/// The data sent before the silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// No data.
    Silent,
    /// Half the head of a request.
    HalfHead,
    /// The whole handshake of a socket, and no `join`.
    NoJoin,
}

const KINDS: [Kind; 3] = [Kind::Silent, Kind::HalfHead, Kind::NoJoin];

/// Half-open connections, the same number of each kind. Each waits for its end.
pub(crate) struct HalfOpenConnections {
    ends: JoinSet<Result<Duration>>,
}

impl HalfOpenConnections {
    /// Opens them all. `rooms` is the room service's host.
    pub(crate) async fn open(rooms: &str, of_each: u32) -> Result<Self> {
        let (files, limit) = (
            u64::from(of_each) * 3 + OTHER_FILES,
            os::raise_file_limit()?,
        );
        ensure!(
            limit >= files,
            "the system lets this process open {limit} files, and {files} are needed: raise its hard \
             limit (ulimit -Hn)"
        );
        let opened: Vec<(TcpStream, Instant)> = stream::iter(0..of_each)
            .flat_map(|_| stream::iter(KINDS))
            .map(async |kind| {
                let opening = timeout(OPENED_WITHIN, connect(rooms, kind)).await;
                let stream = opening
                    .context("a connection is not opened in time")?
                    .with_context(|| format!("{kind:?}"))?;
                anyhow::Ok((stream, Instant::now()))
            })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        let mut ends = JoinSet::new();
        for (stream, since) in opened {
            ends.spawn(end(stream, since));
        }
        Ok(Self { ends })
    }

    /// Waits until the service has closed all of them, and returns the longest time that one was open.
    pub(crate) async fn see_them_closed(mut self) -> Result<Duration> {
        let mut longest = Duration::ZERO;
        while let Some(ended) = self.ends.join_next().await {
            longest = longest.max(ended??);
        }
        Ok(longest)
    }
}

async fn connect(host: &str, kind: Kind) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(host).await?;
    match kind {
        Kind::Silent => {}
        Kind::HalfHead => {
            let head = format!("GET /v2/conference/participants HTTP/1.1\r\nHost: {host}\r\nX-");
            stream.write_all(head.as_bytes()).await?;
        }
        Kind::NoJoin => {
            let head = format!(
                "GET /v3/conference/socket HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\n\
                 Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                 Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
                 Sec-WebSocket-Protocol: anteroom.v1\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).await?;
            let mut answer = Vec::new();
            while !answer.ends_with(b"\r\n\r\n") {
                let byte = stream.read_u8().await?;
                answer.push(byte);
            }
            let status = String::from_utf8_lossy(&answer);
            ensure!(status.starts_with("HTTP/1.1 101"), "no socket: {status}");
        }
    }
    Ok(stream)
}

/// Returns the time until the service has closed the connection, whatever it sends before that.
async fn end(mut stream: TcpStream, since: Instant) -> Result<Duration> {
    let mut rest = Vec::new();
    // A reset connection is closed as well.
    let closed = timeout(CLOSED_WITHIN, stream.read_to_end(&mut rest)).await;
    drop(closed.context("a half-open connection is not closed in time")?);
    Ok(since.elapsed())
}
