//! A listener that serves a router until it is stopped.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use anteroom_runtime::{AddressGroup, BudgetLimits, ClientAddress, SharedBudget, Slot};
use axum::Router;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    accept_failures::{PAUSE, is_out_of_descriptors},
    client_address::TrustedProxies,
    connection::{ConnectionHandler, stopped},
    handshakes::Handshakes,
    limits::ListenerSettings,
    open_connections::OpenConnections,
};

/// The result of a listener's stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DrainOutcome {
    /// All running requests were answered.
    Clean,
    /// This number of connections were closed when the grace period was over.
    Cut(usize),
}

/// Serves HTTP/1.1 and HTTP/2 until `shutdown` completes. Then accepts no new connection and lets
/// the running requests end within the grace period.
///
/// A connection without a request is closed after the header timeout, whether it is new or was idle
/// in between. Without room for a new connection, the connection that has been idle for longest of
/// the client with the most connections is closed. A client with its whole share makes room from its
/// own connections. The connections of trusted proxies have no share. The same applies to all
/// listeners of the process when it has no descriptor left.
///
/// With TLS, a handshake has its own limits, before the header timeout begins.
///
/// Every request carries the `ClientAddress` as an extension.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    settings: impl Into<ListenerSettings>,
    shutdown: impl Future<Output = ()>,
) -> DrainOutcome {
    let ListenerSettings {
        limits,
        trusted_proxies,
        tls,
        metrics,
        open_connections,
    } = settings.into();
    let budget = BudgetLimits {
        total: limits.connections,
        per_address: limits.connections_per_address,
    };
    let budget = SharedBudget::new(budget, metrics.connections);
    open_connections.add(&budget);
    let mut queue = AcceptQueue {
        listener,
        next: None,
        trusted_proxies: trusted_proxies.clone(),
        budget,
        open_connections,
    };
    let handshakes = Arc::new(Handshakes::new(&limits, metrics.handshakes));
    let handler = Arc::new(ConnectionHandler::new(&limits, router, trusted_proxies));
    let (stop, stopping) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let AcceptedConnection {
            stream,
            peer,
            groups,
            slot,
        } = tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => continue,
            accepted = queue.accept() => accepted,
        };
        let (handler, handshakes) = (Arc::clone(&handler), Arc::clone(&handshakes));
        let (tls, mut stopping) = (tls.clone(), stopping.clone());
        connections.spawn(async move {
            let Some(tls) = tls else {
                return handler.serve_connection(stream, peer, slot, stopping).await;
            };
            let encrypted = tokio::select! {
                encrypted = handshakes.accept(&tls, stream, &groups) => encrypted,
                () = slot.evicted() => None,
                // No request has arrived yet.
                () = stopped(&mut stopping) => None,
            };
            if let Some(stream) = encrypted {
                handler.serve_connection(stream, peer, slot, stopping).await;
            }
        });
    }
    drop(queue);
    stop.send_replace(true);
    drain(connections, limits.shutdown_grace).await
}

/// A connection that has a slot.
struct AcceptedConnection {
    stream: TcpStream,
    peer: SocketAddr,
    /// The networks that the connection counts for.
    groups: Vec<AddressGroup>,
    slot: Slot,
}

/// The accepted connections of a listener.
struct AcceptQueue {
    listener: TcpListener,
    /// The connection that waits for a slot.
    next: Option<(TcpStream, SocketAddr)>,
    trusted_proxies: TrustedProxies,
    budget: SharedBudget,
    open_connections: OpenConnections,
}

impl AcceptQueue {
    /// Returns the next connection once it has a slot. Until then the connection is in `next`,
    /// where it also stays if this future is dropped. A connection of a client with its whole share
    /// is closed if none of that client's connections is idle.
    async fn accept(&mut self) -> AcceptedConnection {
        loop {
            if self.next.is_none() {
                self.next = self.listen().await;
            }
            let Some((_, peer)) = &self.next else {
                continue;
            };
            let groups = self.groups(peer);
            let slot = self.budget.admit_when_free(groups.iter().copied()).await;
            let next = self.next.take();
            if let (Ok(slot), Some((stream, peer))) = (slot, next) {
                slot.set_idle();
                return AcceptedConnection {
                    stream,
                    peer,
                    groups,
                    slot,
                };
            }
        }
    }

    async fn listen(&mut self) -> Option<(TcpStream, SocketAddr)> {
        match self.listener.accept().await {
            Ok((stream, peer)) => {
                self.open_connections.accepted();
                // This affects the latency only. The connection works without it.
                let _ = stream.set_nodelay(true);
                Some((stream, peer))
            }
            Err(error) => {
                if self.open_connections.failed(&error) {
                    self.recover(&error).await;
                }
                None
            }
        }
    }

    /// Closes an idle connection if descriptors have run out. Pauses otherwise.
    async fn recover(&self, error: &io::Error) {
        if is_out_of_descriptors(error) {
            let evicted = timeout(PAUSE, self.open_connections.evict()).await;
            if evicted != Ok(false) {
                return;
            }
        }
        sleep(PAUSE).await;
    }

    /// Returns the networks of a peer; none for a trusted proxy, whose clients share its
    /// connections.
    fn groups(&self, peer: &SocketAddr) -> Vec<AddressGroup> {
        let client = ClientAddress::new(peer.ip());
        if self.trusted_proxies.trusts(client.ip()) {
            return Vec::new();
        }
        client.groups().collect()
    }
}

async fn drain(mut connections: JoinSet<()>, grace: Duration) -> DrainOutcome {
    let ended = timeout(grace, async {
        while connections.join_next().await.is_some() {}
    });
    match ended.await {
        Ok(()) => DrainOutcome::Clean,
        Err(_) => {
            while connections.try_join_next().is_some() {}
            let cut = connections.len();
            connections.shutdown().await;
            DrainOutcome::Cut(cut)
        }
    }
}
