//! A listener that serves a router until it is told to stop.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body};
use http::Request;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{
        conn::auto::Builder,
        graceful::{GracefulShutdown, Watcher},
    },
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{Notify, OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use tower::ServiceExt as _;

use super::{
    ConnectionLimits, ListenerSettings, TrustedProxies,
    accept_failures::{AcceptFailures, PAUSE},
    client_address,
    newcomers::{Newcomer, Newcomers},
};

/// How a listener came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Every request in flight was answered.
    Clean,
    /// So many connections were cut off when the grace was over.
    Cut(usize),
}

/// Serves HTTP/1.1 and HTTP/2 until `shutdown` completes, then takes no new connection and lets
/// the requests in flight end, for as long as the grace goes.
///
/// A connection that sends no complete request head within the header timeout is closed, whether
/// it is new or was idle in between. When there is no place for one more, the oldest connection that
/// has not asked for anything yet gives up its own.
///
/// With TLS, a handshake has its own limits, before the header timeout begins.
///
/// Every request carries the [`super::ClientAddress`] as an extension.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    settings: impl Into<ListenerSettings>,
    shutdown: impl Future<Output = ()>,
) -> Drained {
    let ListenerSettings {
        limits,
        trusted_proxies,
        tls,
    } = settings.into();
    let server = Arc::new(Server {
        http: http(&limits),
        router,
        trusted_proxies,
        patience: limits.header_timeout,
    });
    let slots = Arc::new(Semaphore::new(limits.connections));
    let newcomers = Newcomers::default();
    let mut next = None;
    let mut failures = AcceptFailures::default();
    let graceful = GracefulShutdown::new();
    let (stop, stopping) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let (stream, peer, slot) = tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => continue,
            accepted = accept(&listener, &mut next, &slots, &newcomers, &mut failures) => accepted,
        };
        let (server, watcher) = (Arc::clone(&server), graceful.watcher());
        let (tls, mut stopping) = (tls.clone(), stopping.clone());
        let newcomer = newcomers.enter();
        connections.spawn(async move {
            let _slot = slot;
            let Some(tls) = tls else {
                return server.talk(stream, peer, watcher, newcomer).await;
            };
            let accepted = tokio::select! {
                accepted = tls.accept(stream) => accepted,
                () = newcomer.sent_away() => None,
                // Nothing was asked yet.
                () = async { drop(stopping.wait_for(|stopping| *stopping).await) } => None,
            };
            if let Some(stream) = accepted {
                server.talk(stream, peer, watcher, newcomer).await;
            }
        });
    }
    drop(listener);
    stop.send_replace(true);
    drain(graceful, connections, limits.shutdown_grace).await
}

/// What all connections of a listener share.
struct Server {
    http: Builder<TokioExecutor>,
    router: Router,
    trusted_proxies: TrustedProxies,
    patience: Duration,
}

impl Server {
    /// Answers the requests of one connection.
    async fn talk<S>(&self, stream: S, peer: SocketAddr, watcher: Watcher, newcomer: Newcomer)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let first = Arc::new(Notify::new());
        let service = {
            let (router, first) = (self.router.clone(), Arc::clone(&first));
            let trusted = self.trusted_proxies.clone();
            service_fn(move |mut request: Request<Incoming>| {
                first.notify_one();
                trusted.warn_of_unnamed(peer, request.headers());
                let client = client_address(peer, request.headers(), &trusted);
                request.extensions_mut().insert(client);
                router.clone().oneshot(request.map(Body::new))
            })
        };
        let connection = self
            .http
            .serve_connection_with_upgrades(TokioIo::new(stream), service)
            .into_owned();
        let mut connection = std::pin::pin!(watcher.watch(connection));
        // The HTTP timers start with the first line; this one starts with the connection.
        tokio::select! {
            biased;
            _ = &mut connection => return,
            () = first.notified() => {}
            () = newcomer.sent_away() => return,
            () = sleep(self.patience) => return,
        }
        drop(newcomer);
        // How a connection ends is the peer's affair.
        let _ = connection.await;
    }
}

fn http(limits: &ConnectionLimits) -> Builder<TokioExecutor> {
    let mut http = Builder::new(TokioExecutor::new());
    // The implementation insists on room for 8 KiB.
    let header_bytes = limits.header_bytes.max(8_192);
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(usize::try_from(header_bytes).unwrap_or(8_192));
    http.http2()
        .timer(TokioTimer::new())
        .max_header_list_size(header_bytes)
        .max_concurrent_streams(128)
        .keep_alive_interval(Some(limits.header_timeout))
        .keep_alive_timeout(limits.header_timeout);
    http
}

/// The next connection, once there is a place for it. Until then it stands in `next`, where it also
/// stays when this is dropped.
async fn accept(
    listener: &TcpListener,
    next: &mut Option<(TcpStream, SocketAddr)>,
    slots: &Arc<Semaphore>,
    newcomers: &Newcomers,
    failures: &mut AcceptFailures,
) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    loop {
        if next.is_none() {
            match listener.accept().await {
                Ok((stream, peer)) => {
                    failures.accepted(Instant::now());
                    // Latency only; the connection works without.
                    let _ = stream.set_nodelay(true);
                    if slots.available_permits() == 0 {
                        newcomers.send_oldest_away();
                    }
                    *next = Some((stream, peer));
                }
                Err(error) => {
                    if failures.failed(&error, Instant::now()) {
                        sleep(PAUSE).await;
                    }
                }
            }
        }
        let slot = Arc::clone(slots).acquire_owned().await;
        // The places are never closed.
        if let (Some((stream, peer)), Ok(slot)) = (next.take(), slot) {
            return (stream, peer, slot);
        }
    }
}

async fn drain(
    graceful: GracefulShutdown,
    mut connections: JoinSet<()>,
    grace: Duration,
) -> Drained {
    let ended = timeout(grace, async {
        graceful.shutdown().await;
        while connections.join_next().await.is_some() {}
    });
    match ended.await {
        Ok(()) => Drained::Clean,
        Err(_) => {
            while connections.try_join_next().is_some() {}
            let cut = connections.len();
            connections.shutdown().await;
            Drained::Cut(cut)
        }
    }
}
