//! The public routes and their OpenAPI description.

use std::sync::Arc;

use anteroom_http_server::{
    complete_description, description_router, health_router, with_middleware,
};
use anteroom_pages::{api_page, not_found_page};
use axum::{Router, middleware::from_fn};
use utoipa::{OpenApi as _, openapi};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    description::Description,
    health, join,
    links::{change, delete, read},
    pages, peek, socket,
};
use crate::{OPERATIONS, Rooms};

/// Returns the public routes of the room service, with all middleware.
pub fn router(rooms: Rooms) -> Router {
    let state = Arc::clone(&rooms.0);
    let mut described = described_links();
    if state.external_media.is_none() {
        described = described.routes(routes!(socket::socket));
    }
    let (routes, mut description) = described
        .with_state(rooms)
        .merge(health_router(state.health.clone()))
        .split_for_parts();
    complete_description(&mut description);
    let routes = routes
        .merge(pages::router(&state.settings))
        .merge(description_router(&description))
        .merge(api_page(description));
    with_middleware(
        routes,
        OPERATIONS,
        state.http,
        state.metrics.clone(),
        &*state.context.entropy,
    )
    .layer(from_fn(not_found_page))
}

/// Returns the OpenAPI description, generated from the handlers.
#[must_use]
pub fn openapi() -> openapi::OpenApi {
    let mut description = described_links()
        .routes(routes!(socket::socket))
        .into_openapi();
    complete_description(&mut description);
    description
}

fn described_links() -> OpenApiRouter<Rooms> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(
            read::read_link,
            change::change_link,
            delete::delete_link
        ))
        .routes(routes!(peek::peek, join::join))
        .routes(routes!(health::health))
}
