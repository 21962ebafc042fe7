//! A router on a free port.

use std::net::SocketAddr;

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Serves a router on a free port of the loopback interface until the guard is dropped.
///
/// # Panics
/// No port is available.
pub(crate) async fn serve_router(router: Router) -> (SocketAddr, DropGuard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("the port's address");
    let stop = CancellationToken::new();
    let serving = async move {
        let served = axum::serve(listener, router).await;
        served.expect("the listener works");
    };
    tokio::spawn(stop.clone().run_until_cancelled_owned(serving));
    (address, stop.drop_guard())
}
