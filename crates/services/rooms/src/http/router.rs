//! The public routes and their OpenAPI description.

use std::sync::Arc;

use anteroom_http_server::{complete_description, description_router, harden, health_router};
use anteroom_pages::{api_page, not_found_page};
use axum::{Router, middleware::from_fn};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        self,
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    OPERATIONS, Rooms,
    http::{
        examples::AUTH_PRESENTATION,
        health, join,
        links::{change as change_link, delete as delete_link, read as read_link},
        pages, peek, socket,
    },
    state::RoomsState,
};

/// Returns the public routes of the room service, with all middleware.
pub fn router(rooms: Rooms) -> Router {
    let state = rooms.0;
    let readiness = health_router(state.health.clone());
    let mut described = described_links();
    if state.media.is_none() {
        described = described.routes(routes!(socket::socket));
    }
    let (routes, mut description) = described
        .with_state(Arc::clone(&state))
        .merge(readiness)
        .split_for_parts();
    complete_description(&mut description);
    let routes = routes
        .merge(pages::router(&state.settings))
        .merge(description_router(&description))
        .merge(api_page(description));
    harden(
        routes,
        OPERATIONS,
        state.http,
        state.metrics.clone(),
        &*state.entropy,
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

fn described_links() -> OpenApiRouter<Arc<RoomsState>> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(
            read_link::read_link,
            change_link::change_link,
            delete_link::delete_link
        ))
        .routes(routes!(peek::peek, join::join))
        .routes(routes!(health::health))
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Anteroom rooms",
        description = "Call links and the calls in them. Never learns an account.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    modifiers(&Claims),
    tags(
        (name = "links", description = "Call links."),
        (name = "calls", description = "Who is in a call, and how to get in."),
        (name = "health", description = "How the service is."),
    )
)]
struct Description;

struct Claims;

impl Modify for Claims {
    fn modify(&self, openapi: &mut openapi::OpenApi) {
        let mut presentation = Http::new(HttpAuthScheme::Bearer);
        presentation.description = Some(format!(
            "`auth.` and an auth presentation as base64, or, to create a link, `create.` and a \
             create presentation. One of a day that is over: `auth.{AUTH_PRESENTATION}`."
        ));
        let mut group = Http::new(HttpAuthScheme::Basic);
        group.description = Some("Any name, and a token for group calls.".to_owned());
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("presentation", SecurityScheme::Http(presentation));
        components.add_security_scheme("group", SecurityScheme::Http(group));
    }
}
