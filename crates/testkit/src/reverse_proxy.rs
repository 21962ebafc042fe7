//! A reverse proxy with common configuration faults.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use parking_lot::Mutex;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::TestCertificate;

/// The maximum length of the head of a request or an answer, in bytes.
const LONGEST_HEAD: usize = 16 * 1024;

/// The options of a [`ReverseProxy`].
#[derive(Clone, Default)]
pub struct ReverseProxyOptions {
    /// The certificate of the proxy; without one it speaks plain HTTP.
    pub certificate: Option<Arc<TestCertificate>>,
    /// Whether the proxy removes the headers that ask for another protocol.
    pub drops_upgrade: bool,
    /// The difference by which the `Date` of the answers is ahead of the service's clock.
    pub clock_ahead: Duration,
}

/// A reverse proxy on a free port of the loopback interface. It runs until the value is dropped. Each
/// connection carries one request, and goes to the next of the services behind the proxy.
pub struct ReverseProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    _stop: DropGuard,
}

struct Shared {
    options: ReverseProxyOptions,
    services: Mutex<Vec<SocketAddr>>,
    turn: AtomicUsize,
}

impl ReverseProxy {
    /// Starts a proxy without services behind it.
    ///
    /// # Panics
    /// No port is available.
    pub async fn start(options: ReverseProxyOptions) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("the port's address");
        let acceptor = options
            .certificate
            .as_ref()
            .map(|certificate| TlsAcceptor::from(certificate.server_config()));
        let shared = Arc::new(Shared {
            options,
            services: Mutex::default(),
            turn: AtomicUsize::new(0),
        });
        let stop = CancellationToken::new();
        let accepting = {
            let (shared, stop) = (Arc::clone(&shared), stop.clone());
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let serving = serve(stream, acceptor.clone(), Arc::clone(&shared));
                    tokio::spawn(stop.clone().run_until_cancelled_owned(serving));
                }
            }
        };
        tokio::spawn(stop.clone().run_until_cancelled_owned(accepting));
        Self {
            address,
            shared,
            _stop: stop.drop_guard(),
        }
    }

    /// Returns the URL.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = match self.shared.options.certificate {
            Some(_) => "https",
            None => "http",
        };
        format!("{scheme}://{}", self.address)
    }

    /// Sets the listeners of these URLs as the services behind the proxy, used in turn.
    ///
    /// # Panics
    /// A URL is no `http://` URL of an address.
    pub fn lead_to(&self, urls: &[&str]) {
        let parse = |url: &&str| {
            let address = url.strip_prefix("http://").expect("an http URL");
            address.parse().expect("an address")
        };
        let services = urls.iter().map(parse).collect();
        *self.shared.services.lock() = services;
    }
}

impl Shared {
    fn next(&self) -> Option<SocketAddr> {
        let services = self.services.lock();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        services.get(turn.checked_rem(services.len())?).copied()
    }
}

async fn serve(stream: TcpStream, acceptor: Option<TlsAcceptor>, shared: Arc<Shared>) {
    // A client that closes its connection early is no failure.
    let _ = match acceptor {
        Some(acceptor) => match acceptor.accept(stream).await {
            Ok(stream) => pass_on(stream, &shared).await,
            Err(error) => Err(error),
        },
        None => pass_on(stream, &shared).await,
    };
}

async fn pass_on(
    mut client: impl AsyncRead + AsyncWrite + Unpin,
    shared: &Shared,
) -> io::Result<()> {
    let (head, rest) = read_head(&mut client).await?;
    let service = match shared.next() {
        Some(address) => TcpStream::connect(address).await,
        None => Err(io::ErrorKind::NotConnected.into()),
    };
    let Ok(mut service) = service else {
        let answer = b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        client.write_all(answer).await?;
        return client.shutdown().await;
    };
    let is_upgrade = has(&head, "upgrade") && !shared.options.drops_upgrade;
    let mut lines: Vec<String> = head
        .lines()
        .filter(|line| is_upgrade || !(is(line, "upgrade") || is(line, "connection")))
        .map(ToOwned::to_owned)
        .collect();
    if !is_upgrade {
        lines.push("connection: close".to_owned());
    }
    service.write_all(joined(&lines).as_bytes()).await?;
    service.write_all(&rest).await?;

    let (head, rest) = read_head(&mut service).await?;
    let ahead = shared.options.clock_ahead;
    let lines: Vec<String> = head
        .lines()
        .map(|line| match ahead.is_zero() || !is(line, "date") {
            true => line.to_owned(),
            false => format!("date: {}", later(line, ahead)),
        })
        .collect();
    client.write_all(joined(&lines).as_bytes()).await?;
    client.write_all(&rest).await?;
    copy_bidirectional(&mut client, &mut service).await?;
    Ok(())
}

/// Returns a head without the empty line at its end, and the bytes that have arrived after it.
async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = end {
            let rest = bytes.get(end + 4..).unwrap_or_default().to_vec();
            bytes.truncate(end);
            let head = String::from_utf8(bytes).map_err(io::Error::other)?;
            return Ok((head, rest));
        }
        if bytes.len() > LONGEST_HEAD || stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

fn joined(lines: &[String]) -> String {
    lines.join("\r\n") + "\r\n\r\n"
}

fn is(line: &str, name: &str) -> bool {
    let found = line.split_once(':');
    found.is_some_and(|(found, _)| found.eq_ignore_ascii_case(name))
}

fn has(head: &str, name: &str) -> bool {
    head.lines().any(|line| is(line, name))
}

fn later(line: &str, ahead: Duration) -> String {
    let date = line.split_once(':').map_or("", |(_, date)| date.trim());
    let date = httpdate::parse_http_date(date).unwrap_or(SystemTime::UNIX_EPOCH);
    httpdate::fmt_http_date(date + ahead)
}
