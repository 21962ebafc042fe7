//! `GET /health` of the public listener, for load balancers that know no other path.

use axum::{Router, routing::get};
use http::StatusCode;

/// Returns a router with the probe alone, for a room service whose database is not open.
pub fn process_router() -> Router {
    Router::new().route("/health", get(health))
}

/// Answers as long as the process runs. `/health/ready` reports the state of the service.
#[utoipa::path(
    get,
    path = "/health",
    tag = "health",
    responses((status = OK, description = "The process answers; the body is empty."))
)]
pub(crate) async fn health() -> StatusCode {
    StatusCode::OK
}
