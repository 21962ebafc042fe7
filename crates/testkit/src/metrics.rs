//! The metrics of a service, as an operator reads them.

use anteroom_http_server::metrics_router;
use anteroom_runtime::Metrics;
use axum::{
    body::{Body, to_bytes},
    http::Request,
};
use tower::ServiceExt as _;

/// Returns the text of `GET /metrics` on the admin listener.
///
/// # Panics
/// The listener returns no text.
pub async fn metrics_text(metrics: &Metrics) -> String {
    let request = Request::get("/metrics").body(Body::empty());
    let response = metrics_router(metrics).oneshot(request.expect("a request"));
    let response = response.await.unwrap_or_else(|never| match never {});
    let body = to_bytes(response.into_body(), 1 << 20).await;
    String::from_utf8(body.expect("a body").to_vec()).expect("text")
}
