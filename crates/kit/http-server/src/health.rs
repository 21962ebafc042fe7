//! Liveness and readiness.

use anteroom_runtime::{Health, HealthRegistry, HealthReport};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{HeaderValue, StatusCode, header};
use utoipa_axum::{router::OpenApiRouter, routes};

/// Returns `GET /health/live` (204 as long as the process answers) and `GET /health/ready` (the
/// report; 200 while the service works at least in part, else 503).
pub fn health_router(registry: HealthRegistry) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(live))
        .routes(routes!(ready))
        .with_state(registry)
}

/// Reports that the process answers.
#[utoipa::path(
    get,
    path = "/health/live",
    tag = "health",
    responses((status = NO_CONTENT, description = "It does."))
)]
async fn live() -> StatusCode {
    StatusCode::NO_CONTENT
}

/// Reports whether the service works, with the state of each dependency.
#[utoipa::path(
    get,
    path = "/health/ready",
    tag = "health",
    responses(
        (status = OK, body = HealthReport, description = "It can, if only in part."),
        (status = SERVICE_UNAVAILABLE, body = HealthReport, description = "It cannot."),
    )
)]
async fn ready(State(registry): State<HealthRegistry>) -> Response {
    let report = registry.report().await;
    let status = match report.status {
        Health::Ok | Health::Degraded => StatusCode::OK,
        Health::Failing => StatusCode::SERVICE_UNAVAILABLE,
    };
    let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (status, no_store, Json(report)).into_response()
}
