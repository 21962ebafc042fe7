//! Requests to a service without credentials, for its operator.
//!
//! Each request uses a connection of its own, so that a proxy with several services behind it reveals all of
//! them.

use anteroom_client_core::{Answer, Request, call::socket_url::socket_url};
use anteroom_protocol::Timestamp;
use anteroom_wire::INSTANCE_HEADER;
use http::{HeaderName, Method, StatusCode};
use rand_core::CryptoRng;
use tokio::time::timeout;

use crate::{
    ServiceAddress, Timeouts, TransportFailure,
    transport::{MAX_ROOMS_ANSWER, Transport},
    upgrade::{accepts, new_key},
};

/// A client that probes one service. The caller resolves the host's name and connects to its port before.
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
    pub async fn get(&self, path: &[&str]) -> Result<ProbeAnswer, TransportFailure> {
        let transport = Transport::new(&self.base, self.timeouts, MAX_ROOMS_ANSWER)?;
        let request = Request::new(Method::GET, path);
        Ok(ProbeAnswer::of(transport.exchange(&request).await?))
    }

    /// Requests a socket from the room service, and closes it immediately.
    ///
    /// # Errors
    /// No readable answer arrived.
    pub async fn open_socket<R: CryptoRng + ?Sized>(
        &self,
        rng: &mut R,
    ) -> Result<SocketOutcome, TransportFailure> {
        let key = new_key(rng);
        let limit = self.timeouts.connect + self.timeouts.request;
        timeout(limit, self.ask_for_socket(&key))
            .await
            .unwrap_or(Err(TransportFailure::TimedOut))
    }

    async fn ask_for_socket(&self, key: &str) -> Result<SocketOutcome, TransportFailure> {
        let transport = Transport::lasting(&self.base, self.timeouts)?;
        let url = socket_url(&transport.base)?;
        let response = transport.upgrade(url, key).await?;
        Ok(match response.status() {
            StatusCode::SWITCHING_PROTOCOLS if accepts(&response, key) => SocketOutcome::Open,
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
            instance: answer
                .header(&HeaderName::from_static(INSTANCE_HEADER))
                .map(ToOwned::to_owned),
            body: answer.into_body(),
        }
    }
}
