//! The internal listener: requests of media servers to the room service.

mod approvals;
mod end_call;
mod end_calls;
mod health;

use std::sync::Arc;

use anteroom_http_server::{HttpLimits, with_middleware};
use axum::{
    Router,
    routing::{delete, get, put},
};

use self::approvals::approvals_limits;
use crate::{INTERNAL_OPERATIONS, Rooms};

/// The number of bodies that are received at the same time. They are large and come from few media
/// servers.
const BODIES: usize = 16;

/// Returns the routes for media servers, with their middleware. Serve them on a listener that only
/// media servers reach.
pub fn internal_router(rooms: Rooms) -> Router {
    let state = rooms.0;
    let routes = Router::new()
        .route("/v1/call-link-approvals", put(approvals::approvals))
        .route("/v2/conference/{room}/{era}", delete(end_call::end_call))
        .route("/v2/conference", delete(end_calls::end_calls))
        .route("/health", get(health::health))
        .with_state(Arc::clone(&state));
    let limits = HttpLimits {
        bodies: BODIES,
        bodies_per_address: BODIES,
        ..approvals_limits(&state.http)
    };
    with_middleware(
        routes,
        INTERNAL_OPERATIONS,
        limits,
        state.metrics.clone(),
        &*state.context.entropy,
    )
}
