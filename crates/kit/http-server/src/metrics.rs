//! The metrics of a service, as an operator reads them.

use anteroom_runtime::Metrics;
use axum::{
    Router,
    extract::State,
    response::{IntoResponse as _, Response},
    routing::get,
};
use http::header;

use crate::problem::{Problem, problems};

/// Returns `GET /metrics` in the Prometheus text format. Serve it on the admin listener, never on a
/// public one.
pub fn metrics_router(metrics: &Metrics) -> Router {
    Router::new()
        .route("/metrics", get(read_metrics))
        .with_state(metrics.clone())
}

async fn read_metrics(State(metrics): State<Metrics>) -> Response {
    match metrics.text() {
        Ok(text) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err(_) => Problem::new(&problems::INTERNAL).into_response(),
    }
}
