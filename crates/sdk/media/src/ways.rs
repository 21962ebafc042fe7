//! The ways to the media server: a socket for each of its addresses, with a task that reads it.
//!
//! A socket for UDP is connected to its address, so that the operating system keeps the datagrams of others away and
//! says which of the machine's addresses leads there.

use core::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};
use std::{io, sync::Arc};

use anteroom_protocol::media::framing::{FrameReader, MAX_FRAME, framed};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpStream, UdpSocket,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::mpsc,
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::candidates::ServerAddress;

/// The time in which a connection over TCP has to be there.
const CONNECT: Duration = Duration::from_secs(10);

/// The number of datagrams that wait for a connection over TCP: more are dropped whole, as loss.
const WAITING: usize = 192;

/// The number of arrivals that wait for the media.
const ARRIVALS: usize = 512;

/// The pauses after errors of a socket, one after the other: an error that stays must not keep a core busy.
#[derive(Debug, Default)]
struct ErrorPauses(u32);

impl ErrorPauses {
    /// Returns the next pause: from a millisecond to a second.
    fn next(&mut self) -> Duration {
        let pause = Duration::from_millis(1 << self.0.min(10));
        self.0 = self.0.saturating_add(1);
        pause.min(Duration::from_secs(1))
    }
}

/// The ends of a way: the near one, and the media server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ends {
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
    pub(crate) is_tcp: bool,
}

/// News of a way.
pub(crate) enum Arrival {
    /// The way is open.
    Open(Ends, Way),
    /// A datagram came.
    Datagram(Ends, Vec<u8>),
}

/// The near end of a way that is open.
pub(crate) enum Way {
    Udp(Arc<UdpSocket>),
    Tcp(mpsc::Sender<Vec<u8>>),
}

/// The ways that are open, or being opened.
pub(crate) struct Ways {
    present: OpenWays,
    /// Those before the last renewal.
    former: OpenWays,
    arrivals: mpsc::Receiver<Arrival>,
    sender: mpsc::Sender<Arrival>,
}

/// Ways with the tasks that read them, which end with them.
#[derive(Default)]
struct OpenWays {
    open: Vec<(Ends, Way)>,
    tasks: JoinSet<()>,
}

impl Ways {
    pub(crate) fn new() -> Self {
        let (sender, arrivals) = mpsc::channel(ARRIVALS);
        Self {
            present: OpenWays::default(),
            former: OpenWays::default(),
            arrivals,
            sender,
        }
    }

    /// Closes all ways. What has come by them is dropped.
    pub(crate) fn close(&mut self) {
        *self = Self::new();
    }

    /// Opens others beside the present ways.
    pub(crate) fn renew(&mut self) {
        self.former = std::mem::take(&mut self.present);
    }

    /// Closes the ways before the last renewal.
    pub(crate) fn close_former(&mut self) {
        self.former = OpenWays::default();
    }

    /// Opens a way. One that cannot be opened is left out: others may lead there.
    pub(crate) fn open(&mut self, server: ServerAddress) {
        let arrivals = self.sender.clone();
        self.present.tasks.spawn(async move {
            let _closed = if server.is_tcp {
                serve_tcp(server.address, arrivals).await
            } else {
                serve_udp(server.address, arrivals).await
            };
        });
    }

    /// Adds a way that is open.
    pub(crate) fn add(&mut self, ends: Ends, way: Way) {
        self.present.open.push((ends, way));
    }

    /// Returns the next news. Dropping the future loses none.
    pub(crate) async fn next(&mut self) -> Option<Arrival> {
        self.arrivals.recv().await
    }

    /// Sends a datagram. One without a way, or for which there is no room, is lost as others are.
    pub(crate) fn send(&self, ends: Ends, datagram: &[u8]) {
        let mut open = self.present.open.iter().chain(&self.former.open);
        match open.find(|(other, _)| *other == ends) {
            Some((_, Way::Udp(socket))) => {
                let _lost = socket.try_send(datagram);
            }
            Some((_, Way::Tcp(waiting))) => {
                if let Ok(framed) = framed(datagram) {
                    let _lost = waiting.try_send(framed);
                }
            }
            None => {}
        }
    }
}

async fn serve_udp(remote: SocketAddr, arrivals: mpsc::Sender<Arrival>) -> io::Result<()> {
    let any: IpAddr = match remote {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(remote).await?;
    let socket = Arc::new(socket);
    let ends = Ends {
        local: socket.local_addr()?,
        remote,
        is_tcp: false,
    };
    let way = Way::Udp(Arc::clone(&socket));
    let is_over = |_| io::Error::from(io::ErrorKind::BrokenPipe);
    arrivals
        .send(Arrival::Open(ends, way))
        .await
        .map_err(is_over)?;
    let mut buffer = vec![0; MAX_FRAME];
    let mut errors = ErrorPauses::default();
    loop {
        // An error is mostly that of an earlier datagram which did not arrive: the next one may.
        let Ok(length) = socket.recv(&mut buffer).await else {
            sleep(errors.next()).await;
            continue;
        };
        errors = ErrorPauses::default();
        let bytes = buffer.get(..length).unwrap_or_default().to_vec();
        let arrival = Arrival::Datagram(ends, bytes);
        arrivals.send(arrival).await.map_err(is_over)?;
    }
}

async fn serve_tcp(remote: SocketAddr, arrivals: mpsc::Sender<Arrival>) -> io::Result<()> {
    let stream = timeout(CONNECT, TcpStream::connect(remote)).await??;
    stream.set_nodelay(true)?;
    let ends = Ends {
        local: stream.local_addr()?,
        remote,
        is_tcp: true,
    };
    let (reader, writer) = stream.into_split();
    let (waiting, datagrams) = mpsc::channel(WAITING);
    let opened = Arrival::Open(ends, Way::Tcp(waiting));
    let is_over = |_| io::Error::from(io::ErrorKind::BrokenPipe);
    arrivals.send(opened).await.map_err(is_over)?;
    tokio::select! {
        ended = read_tcp(reader, ends, arrivals) => ended,
        ended = write_tcp(writer, datagrams) => ended,
    }
}

async fn read_tcp(
    mut reader: OwnedReadHalf,
    ends: Ends,
    arrivals: mpsc::Sender<Arrival>,
) -> io::Result<()> {
    let mut datagrams = FrameReader::default();
    loop {
        let length = reader.read(datagrams.room()).await?;
        if length == 0 {
            return Ok(());
        }
        datagrams.advance(length);
        loop {
            let datagram = datagrams.next_frame();
            let datagram = datagram.map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
            let Some(datagram) = datagram else { break };
            let arrival = Arrival::Datagram(ends, datagram.to_vec());
            let sent = arrivals.send(arrival).await;
            sent.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        }
    }
}

async fn write_tcp(
    mut writer: OwnedWriteHalf,
    mut datagrams: mpsc::Receiver<Vec<u8>>,
) -> io::Result<()> {
    while let Some(datagram) = datagrams.recv().await {
        writer.write_all(&datagram).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_that_stays_is_looked_at_once_a_second() {
        let mut errors = ErrorPauses::default();
        assert_eq!(errors.next(), Duration::from_millis(1));
        let pauses: Vec<Duration> = (0..70).map(|_| errors.next()).collect();
        let total: Duration = pauses.iter().sum();
        assert!(total >= Duration::from_secs(60), "{total:?}");
        assert_eq!(pauses.last(), Some(&Duration::from_secs(1)));
    }
}
