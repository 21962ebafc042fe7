//! TLS handshakes, with a budget for each client.

use std::time::Duration;

use anteroom_runtime::{AddressGroup, AdmissionRecorder, BudgetLimits, SharedBudget};
use rustls::server::Acceptor;
use tokio::{
    net::TcpStream,
    sync::Semaphore,
    task::yield_now,
    time::{Instant, timeout, timeout_at},
};
use tokio_rustls::{LazyConfigAcceptor, server::TlsStream};

use crate::{limits::ConnectionLimits, tls::Tls};

/// The number of computations at the same time.
const COMPUTATIONS: usize = 4;

/// The handshakes of one listener.
///
/// A connection that has not sent its first message takes no slot here: it waits under the limits
/// of connections. From that message on a handshake is a holder of the budget. It is busy until the
/// server has computed its answer, and idle while it waits for the client's.
#[derive(Debug)]
pub(crate) struct Handshakes {
    budget: SharedBudget,
    computations: Semaphore,
    hello_timeout: Duration,
    timeout: Duration,
}

impl Handshakes {
    pub(crate) fn new(limits: &ConnectionLimits, recorder: AdmissionRecorder) -> Self {
        let budget = BudgetLimits {
            total: limits.handshakes,
            per_address: limits.handshakes_per_address,
        };
        Self {
            budget: SharedBudget::new(budget, recorder),
            computations: Semaphore::new(COMPUTATIONS),
            hello_timeout: limits.client_hello_timeout,
            timeout: limits.handshake_timeout,
        }
    }

    /// Returns the encrypted connection; `None` if the handshake failed, took too long, got no slot
    /// or was evicted.
    pub(crate) async fn accept(
        &self,
        tls: &Tls,
        stream: TcpStream,
        groups: &[AddressGroup],
    ) -> Option<TlsStream<TcpStream>> {
        let deadline = Instant::now().checked_add(self.timeout)?;
        let hello = LazyConfigAcceptor::new(Acceptor::default(), stream);
        let hello = timeout(self.hello_timeout, hello).await.ok()?.ok()?;
        let slot = self.budget.admit(groups.iter().copied()).ok()?;
        let handshake = async {
            let handshake = {
                let _turn = self.computations.acquire().await.ok()?;
                let handshake = hello.into_stream(tls.config());
                // Lets other tasks run before the next computation, so that endless handshakes do
                // not delay them.
                yield_now().await;
                handshake
            };
            slot.set_idle();
            handshake.await.ok()
        };
        tokio::select! {
            stream = timeout_at(deadline, handshake) => stream.ok().flatten(),
            () = slot.evicted() => None,
        }
    }
}
