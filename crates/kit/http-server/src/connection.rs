//! One connection of a listener, from its first byte to its end.

use std::{net::SocketAddr, time::Duration};

use anteroom_runtime::Slot;
use axum::{Router, body::Body};
use http::{Request, Response};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
    time::timeout,
};
use tower::ServiceExt as _;

use crate::{
    activity::{Activity, Expiry, IdleLimits},
    answer_body::AnswerBody,
    client_address::{TrustedProxies, client_address},
    limits::ConnectionLimits,
};

/// The maximum time for a client to close the connection after GOAWAY.
const GOAWAY_GRACE: Duration = Duration::from_secs(5);
/// The bytes of a stream that an HTTP/2 client may send before they are read.
const STREAM_WINDOW: u32 = 32 * 1024;
/// The same for all streams of a connection: the minimum of HTTP/2.
const CONNECTION_WINDOW: u32 = 65_535;
/// The maximum bytes of an answer that wait in an HTTP/2 stream for the client.
const SEND_BUFFER: usize = 32 * 1024;

/// The HTTP server of all connections of a listener.
pub(crate) struct ConnectionHandler {
    http: Builder<TokioExecutor>,
    router: Router,
    trusted_proxies: TrustedProxies,
    idle: IdleLimits,
}

impl ConnectionHandler {
    pub(crate) fn new(
        limits: &ConnectionLimits,
        router: Router,
        trusted_proxies: TrustedProxies,
    ) -> Self {
        Self {
            http: http(limits),
            router,
            trusted_proxies,
            idle: IdleLimits {
                idle: limits.header_timeout,
                answer: limits.answer_timeout,
            },
        }
    }

    /// Answers the requests of one connection. Ends when the client disconnects, when the
    /// connection is evicted or expires, or when the listener stops and the running requests have
    /// been answered.
    pub(crate) async fn serve_connection<S>(
        &self,
        stream: S,
        peer: SocketAddr,
        slot: Slot,
        mut stopping: watch::Receiver<bool>,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let activity = Activity::new(slot, self.idle);
        let service = {
            let (router, activity) = (self.router.clone(), activity.clone());
            let trusted = self.trusted_proxies.clone();
            service_fn(move |mut request: Request<Incoming>| {
                let in_flight = activity.request();
                trusted.warn_of_unnamed(peer, request.headers());
                let client = client_address(peer, request.headers(), &trusted);
                request.extensions_mut().insert(client);
                let answered = router.clone().oneshot(request.map(Body::new));
                async move {
                    let answer: Response<Body> = answered.await?;
                    let in_transit = in_flight.answer();
                    Ok::<_, std::convert::Infallible>(
                        answer.map(|body| AnswerBody::new(body, in_transit)),
                    )
                }
            })
        };
        let connection = self
            .http
            .serve_connection_with_upgrades(TokioIo::new(stream), service)
            .into_owned();
        let mut connection = std::pin::pin!(connection);
        // The result of the connection depends on the client and is ignored.
        tokio::select! {
            biased;
            _ = &mut connection => {}
            () = activity.evicted() => {}
            expiry = activity.expired() => match expiry {
                Expiry::Answer => {}
                Expiry::Idle => {
                    connection.as_mut().graceful_shutdown();
                    let _ = timeout(GOAWAY_GRACE, connection).await;
                }
            },
            () = stopped(&mut stopping) => {
                connection.as_mut().graceful_shutdown();
                let _ = connection.await;
            }
        }
    }
}

/// Completes when the listener stops.
pub(crate) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone, so that the listener has stopped.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

fn http(limits: &ConnectionLimits) -> Builder<TokioExecutor> {
    let mut http = Builder::new(TokioExecutor::new());
    // hyper requires a buffer of at least 8 KiB.
    let header_bytes = limits.header_bytes.max(8_192);
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(usize::try_from(header_bytes).unwrap_or(8_192));
    http.http2()
        .timer(TokioTimer::new())
        .max_header_list_size(header_bytes)
        .max_concurrent_streams(limits.requests_per_connection)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BUFFER)
        .keep_alive_interval(Some(limits.header_timeout))
        .keep_alive_timeout(limits.header_timeout);
    http
}
