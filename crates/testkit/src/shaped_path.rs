//! A path for datagrams with the rate, the delay and the losses of a real one.

mod link;

use std::{io, net::SocketAddr, sync::Arc, time::Instant};

use parking_lot::Mutex;
use tokio::net::UdpSocket;
use tokio_util::sync::{CancellationToken, DropGuard};

use self::link::Link;
pub use self::link::LinkShape;

/// The maximum length of a datagram, in bytes.
const LONGEST_DATAGRAM: usize = 65_536;

/// A path between one client and a server, on a free port of the server's address. The client
/// sends to [`Self::address`] instead of the server. It works until the value is dropped.
pub struct ShapedPath {
    address: SocketAddr,
    upload: Arc<Mutex<Link>>,
    download: Arc<Mutex<Link>>,
    _stop: DropGuard,
}

/// The sockets of both ends.
struct Ends {
    near: UdpSocket,
    far: UdpSocket,
    /// The address from which the client sent last.
    client: Mutex<Option<SocketAddr>>,
}

/// The way of a datagram.
#[derive(Clone, Copy)]
enum Way {
    Up,
    Down,
}

impl ShapedPath {
    /// Starts a path to a server, which carries everything at once at first. The seed decides which datagrams are lost.
    ///
    /// # Errors
    /// No port of the server's address is available.
    pub async fn start(server: SocketAddr, seed: u64) -> io::Result<Self> {
        let near = UdpSocket::bind((server.ip(), 0)).await?;
        let far = UdpSocket::bind((server.ip(), 0)).await?;
        far.connect(server).await?;
        let address = near.local_addr()?;
        let ends = Arc::new(Ends {
            near,
            far,
            client: Mutex::default(),
        });
        let stop = CancellationToken::new();
        let [upload, download] =
            [(Way::Up, seed), (Way::Down, seed ^ u64::MAX)].map(|(way, seed)| {
                let link = Arc::new(Mutex::new(Link::new(seed)));
                let carrying = carry(Arc::clone(&ends), way, Arc::clone(&link));
                tokio::spawn(stop.clone().run_until_cancelled_owned(carrying));
                link
            });
        Ok(Self {
            address,
            upload,
            download,
            _stop: stop.drop_guard(),
        })
    }

    /// Returns the address to which the client sends.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sets the shape of the way to the server, for datagrams that come from now on.
    pub fn shape_upload(&self, shape: LinkShape) {
        self.upload.lock().shape = shape;
    }

    /// Sets the shape of the way to the client, for datagrams that come from now on.
    pub fn shape_download(&self, shape: LinkShape) {
        self.download.lock().shape = shape;
    }

    /// Returns the number of datagrams that were lost on the way to the server.
    #[must_use]
    pub fn lost_uploads(&self) -> u64 {
        self.upload.lock().lost()
    }

    /// Returns the number of datagrams that the server has sent to the client, lost ones too.
    #[must_use]
    pub fn sent_downloads(&self) -> u64 {
        self.download.lock().admitted()
    }

    /// Returns the number of datagrams that were lost on the way to the client.
    #[must_use]
    pub fn lost_downloads(&self) -> u64 {
        self.download.lock().lost()
    }
}

/// Carries the datagrams of one way.
async fn carry(ends: Arc<Ends>, way: Way, link: Arc<Mutex<Link>>) {
    let mut buffer = vec![0; LONGEST_DATAGRAM];
    loop {
        let due = link.lock().next_due();
        let wait = async {
            match due {
                Some(due) => tokio::time::sleep_until(due.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            received = ends.receive(way, &mut buffer) => {
                // A refusal by the other end is one of a datagram before.
                if let Some(datagram) = received.ok().and_then(|length| buffer.get(..length)) {
                    link.lock().admit(datagram, Instant::now());
                }
            }
            () = wait => {}
        }
        loop {
            let datagram = link.lock().take_due(Instant::now());
            let Some(datagram) = datagram else { break };
            ends.send(way, &datagram).await;
        }
    }
}

impl Ends {
    async fn receive(&self, way: Way, buffer: &mut [u8]) -> io::Result<usize> {
        match way {
            Way::Down => self.far.recv(buffer).await,
            Way::Up => {
                let (length, client) = self.near.recv_from(buffer).await?;
                *self.client.lock() = Some(client);
                Ok(length)
            }
        }
    }

    async fn send(&self, way: Way, datagram: &[u8]) {
        let client = *self.client.lock();
        // An end that does not listen loses the datagram.
        let _sent = match (way, client) {
            (Way::Up, _) => self.far.send(datagram).await,
            (Way::Down, Some(client)) => self.near.send_to(datagram, client).await,
            (Way::Down, None) => Ok(0),
        };
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn datagrams_pass_both_ways_until_all_are_lost() {
        let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let path = ShapedPath::start(server.local_addr().unwrap(), 1);
        let path = path.await.unwrap();
        let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        client.connect(path.address()).await.unwrap();
        client.send(b"up").await.unwrap();
        let mut buffer = [0; 16];
        let (length, from) = server.recv_from(&mut buffer).await.unwrap();
        assert_eq!(&buffer[..length], b"up");
        path.shape_download(LinkShape {
            delay: Duration::from_millis(20),
            ..LinkShape::default()
        });
        let sent = Instant::now();
        assert_eq!(path.sent_downloads(), 0);
        server.send_to(b"down", from).await.unwrap();
        let length = client.recv(&mut buffer).await.unwrap();
        assert_eq!(&buffer[..length], b"down");
        assert!(sent.elapsed() >= Duration::from_millis(20));
        assert_eq!(path.sent_downloads(), 1);
        // The lost datagrams come before the others.
        path.shape_upload(LinkShape {
            loss: 1_000,
            ..LinkShape::default()
        });
        client.send(b"lost").await.unwrap();
        while path.lost_uploads() == 0 {
            tokio::task::yield_now().await;
        }
        path.shape_upload(LinkShape::default());
        client.send(b"again").await.unwrap();
        let (length, _) = server.recv_from(&mut buffer).await.unwrap();
        assert_eq!(&buffer[..length], b"again");
    }
}
