//! `GET /health` of the public listener, for load balancers that know no other path.

use http::StatusCode;

/// Answers as long as the process does. `/health/ready` says how the service is.
#[utoipa::path(
    get,
    path = "/health",
    tag = "health",
    responses((status = OK, description = "The process answers; the body is empty."))
)]
pub(crate) async fn health() -> StatusCode {
    StatusCode::OK
}
