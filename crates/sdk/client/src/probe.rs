//! Requests to a service without credentials, for its operator.
//!
//! Each request uses a connection of its own, so that a proxy with several services behind it reveals all of
//! them.

use anteroom_protocol::Timestamp;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderName, StatusCode, header};
use rand_core::CryptoRng;
use reqwest::{Method, Response};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::{
    ServiceAddress, Timeouts, TransportError,
    call::{SOCKET_PATH, SUBPROTOCOL},
    failure::TransportFailure,
    transport::{Answer, MAX_ROOMS_ANSWER, Transport, failure},
};

/// The header with the instance name of the process that answers `GET /health/live`.
pub const INSTANCE_HEADER: HeaderName = HeaderName::from_static("anteroom-instance");

/// A client that probes one service.
#[derive(Clone, Debug)]
pub struct Probe {
    base: ServiceAddress,
    timeouts: Timeouts,
}

/// An answer of a service.
#[derive(Clone, Debug)]
pub struct ProbeAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The service's time.
    pub time: Option<Timestamp>,
    /// The random name of the answering process. It changes with each start.
    pub instance: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// The reason why a probe failed. The caller resolves the host's name and connects to its port before the
/// probe.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// The base URL cannot be used.
    #[error("the address cannot be used: {0}")]
    BaseUrl(&'static str),
    /// The answer did not arrive in time.
    #[error("no answer came in time")]
    TimedOut,
    /// No answer arrived: [`TransportError::fault`] gives the reason.
    #[error(transparent)]
    Unreachable(TransportError),
    /// The answer exceeds the limit.
    #[error("the answer is longer than any of the service")]
    TooLong,
    /// The answer does not have the shape of the API.
    #[error("the answer makes no sense: {0}")]
    Malformed(&'static str),
}

/// The result of a request for a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SocketOutcome {
    /// The socket is open.
    Open,
    /// The request arrived without its upgrade headers: a proxy has removed them.
    UpgradeLost,
    /// The service or a proxy answered with this status.
    Refused(u16),
}

impl Probe {
    /// Creates a probe of the service at `base`.
    #[must_use]
    pub fn new(base: impl Into<ServiceAddress>, timeouts: Timeouts) -> Self {
        Self {
            base: base.into(),
            timeouts,
        }
    }

    /// Gets a resource.
    ///
    /// # Errors
    /// No readable answer arrived.
    pub async fn get(&self, path: &[&str]) -> Result<ProbeAnswer, ProbeError> {
        let transport = Transport::new(&self.base, self.timeouts, MAX_ROOMS_ANSWER)?;
        let request = transport.request(Method::GET, path)?;
        let response = request.send().await.map_err(failure)?;
        Ok(ProbeAnswer::of(transport.read(response).await?))
    }

    /// Requests a socket from the room service, and closes it immediately.
    ///
    /// # Errors
    /// No readable answer arrived.
    pub async fn open_socket<R: CryptoRng + ?Sized>(
        &self,
        rng: &mut R,
    ) -> Result<SocketOutcome, ProbeError> {
        let mut key = [0; 16];
        rng.fill_bytes(&mut key);
        let key = STANDARD.encode(key);
        let limit = self.timeouts.connect + self.timeouts.request;
        timeout(limit, self.ask_for_socket(&key))
            .await
            .unwrap_or(Err(ProbeError::TimedOut))
    }

    async fn ask_for_socket(&self, key: &str) -> Result<SocketOutcome, ProbeError> {
        let transport = Transport::lasting(&self.base, self.timeouts)?;
        let request = transport
            .request(Method::GET, SOCKET_PATH)?
            .header(header::CONNECTION, "Upgrade")
            .header(header::UPGRADE, "websocket")
            .header(header::SEC_WEBSOCKET_VERSION, "13")
            .header(header::SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL)
            .header(header::SEC_WEBSOCKET_KEY, key);
        let response = request.send().await.map_err(failure)?;
        let accept = derive_accept_key(key.as_bytes());
        Ok(match response.status() {
            StatusCode::SWITCHING_PROTOCOLS if is_accepted(&response, &accept) => {
                SocketOutcome::Open
            }
            StatusCode::UPGRADE_REQUIRED => SocketOutcome::UpgradeLost,
            status => SocketOutcome::Refused(status.as_u16()),
        })
    }
}

impl ProbeAnswer {
    fn of(answer: Answer) -> Self {
        Self {
            status: answer.status().as_u16(),
            time: answer.time(),
            instance: answer.header(&INSTANCE_HEADER).map(ToOwned::to_owned),
            body: answer.into_body(),
        }
    }
}

fn is_accepted(response: &Response, accept: &str) -> bool {
    let given = response.headers().get(header::SEC_WEBSOCKET_ACCEPT);
    given.is_some_and(|given| given.as_bytes() == accept.as_bytes())
}

impl From<TransportFailure> for ProbeError {
    fn from(failure: TransportFailure) -> Self {
        match failure {
            TransportFailure::BaseUrl(why) => Self::BaseUrl(why),
            TransportFailure::Setup(cause) | TransportFailure::Unreachable(cause) => {
                Self::Unreachable(cause)
            }
            TransportFailure::TimedOut => Self::TimedOut,
            TransportFailure::TooLarge { .. } => Self::TooLong,
            TransportFailure::Malformed(what) => Self::Malformed(what),
        }
    }
}
