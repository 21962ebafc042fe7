//! The connection to a relay: UDP, TCP or TLS.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use anteroom_runtime::Backoff;
use rustls::{ClientConfig, crypto::CryptoProvider, pki_types::ServerName};
use rustls_platform_verifier::Verifier;
use stun_types::message::{Message, TransactionId};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpStream, UdpSocket, lookup_host},
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::error::TrialError;
use crate::{RelayUrl, url::UrlTransport};

/// RFC 8489, section 6.2.1: a request over UDP is sent at most [`MOST_SENT`] times, after pauses
/// that double.
const BACKOFF: Backoff = Backoff {
    first: Duration::from_millis(500),
    factor: 2,
    longest: Duration::MAX,
};
const MOST_SENT: u32 = 7;
/// The length of a header, which contains the length of the rest.
const HEADER: usize = 20;
/// The maximum size of an answer to these requests, in bytes.
const MOST_BYTES: usize = 1_500;

/// An open connection to a relay.
pub(super) enum Channel {
    Datagrams(UdpSocket),
    Stream(Box<dyn Stream>),
}

pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

impl Channel {
    pub(super) async fn open(
        url: &RelayUrl,
        certificate_name: Option<&str>,
    ) -> Result<Self, TrialError> {
        let endpoint = url.endpoint();
        let addresses = lookup_host((endpoint.host, endpoint.port)).await;
        let addresses: Vec<SocketAddr> = addresses.map_err(|_| TrialError::Host)?.collect();
        let Some(first) = addresses.first() else {
            return Err(TrialError::Host);
        };
        match endpoint.transport {
            UrlTransport::Udp => {
                let own: SocketAddr = if first.is_ipv4() {
                    ([0, 0, 0, 0], 0).into()
                } else {
                    ([0u16; 8], 0).into()
                };
                let socket = UdpSocket::bind(own).await;
                let socket = socket.map_err(TrialError::Unreachable)?;
                let connected = socket.connect(first).await;
                connected.map_err(TrialError::Unreachable)?;
                Ok(Self::Datagrams(socket))
            }
            UrlTransport::Tcp => {
                let stream = TcpStream::connect(&*addresses).await;
                let stream = stream.map_err(TrialError::Unreachable)?;
                Ok(Self::Stream(Box::new(stream)))
            }
            UrlTransport::Tls => {
                let stream = TcpStream::connect(&*addresses).await;
                let stream = stream.map_err(TrialError::Unreachable)?;
                let stream = encrypted(stream, certificate_name.unwrap_or(endpoint.host)).await;
                Ok(Self::Stream(Box::new(stream.map_err(TrialError::Tls)?)))
            }
            UrlTransport::Dtls => Err(TrialError::Transport),
        }
    }

    /// Sends a request, and waits for its answer.
    pub(super) async fn exchange(
        &mut self,
        request: &[u8],
        id: TransactionId,
    ) -> Result<Vec<u8>, TrialError> {
        match self {
            Self::Datagrams(socket) => over_datagrams(socket, request, id).await,
            Self::Stream(stream) => over_stream(stream, request, id).await,
        }
    }
}

async fn over_datagrams(
    socket: &UdpSocket,
    request: &[u8],
    id: TransactionId,
) -> Result<Vec<u8>, TrialError> {
    let mut buffer = vec![0; MOST_BYTES];
    for failures in 0..MOST_SENT {
        let sent = socket.send(request).await;
        sent.map_err(TrialError::Unreachable)?;
        let answer = async {
            loop {
                let length = socket.recv(&mut buffer).await?;
                let answer = buffer.get(..length).unwrap_or_default();
                if answers(answer, id) {
                    return Ok::<_, io::Error>(answer.to_vec());
                }
            }
        };
        if let Ok(answer) = timeout(BACKOFF.pause(failures), answer).await {
            return answer.map_err(TrialError::Unreachable);
        }
    }
    Err(TrialError::Silent)
}

async fn over_stream(
    stream: &mut dyn Stream,
    request: &[u8],
    id: TransactionId,
) -> Result<Vec<u8>, TrialError> {
    let written = stream.write_all(request).await;
    written.map_err(TrialError::Unreachable)?;
    loop {
        let mut message = vec![0; HEADER];
        let read = stream.read_exact(&mut message).await;
        read.map_err(TrialError::Unreachable)?;
        let length = match message.get(2..4) {
            Some([high, low]) => usize::from(u16::from_be_bytes([*high, *low])),
            _ => 0,
        };
        if length > MOST_BYTES {
            return Err(TrialError::Malformed);
        }
        let mut rest = vec![0; length];
        let read = stream.read_exact(&mut rest).await;
        read.map_err(TrialError::Unreachable)?;
        message.extend_from_slice(&rest);
        if answers(&message, id) {
            return Ok(message);
        }
    }
}

fn answers(message: &[u8], id: TransactionId) -> bool {
    Message::from_bytes(message).is_ok_and(|message| message.transaction_id() == id)
}

/// Starts TLS. The certificate must be for this host, and be signed by an authority that the system
/// trusts.
async fn encrypted(stream: TcpStream, host: &str) -> io::Result<impl Stream + use<>> {
    let provider: Arc<CryptoProvider> = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Verifier::new(Arc::clone(&provider)).map_err(io::Error::other)?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}
