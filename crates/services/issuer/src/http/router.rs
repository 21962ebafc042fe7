//! The routes and their OpenAPI description.

use std::sync::Arc;

use anteroom_http_server::{
    complete_description, description_router, health_router, with_middleware,
};
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
    Issuer,
    http::{call_link_auth, create_auth, group_auth, params, relays},
    operations::OPERATIONS,
    state::IssuerState,
};

/// Returns all routes of the issuer, with all middleware.
pub fn router(issuer: Issuer) -> Router {
    let state = issuer.0;
    let (routes, mut description) = described_routes()
        .with_state(Arc::clone(&state))
        .merge(anteroom_accounts::routes(&state.accounts))
        .merge(health_router(state.health.clone()))
        .split_for_parts();
    complete_description(&mut description);
    let routes = routes
        .merge(anteroom_accounts::page_routes(&state.accounts))
        .merge(description_router(&description))
        .merge(api_page(description));
    with_middleware(
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
    let mut description = described_routes().into_openapi();
    description.merge(anteroom_accounts::openapi());
    complete_description(&mut description);
    description
}

fn described_routes() -> OpenApiRouter<Arc<IssuerState>> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(create_auth::create_auth))
        .routes(routes!(group_auth::group_auth))
        .routes(routes!(call_link_auth::call_link_auth))
        .routes(routes!(relays::relays))
        .routes(routes!(relays::relays_v1))
        .routes(routes!(params::params))
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Anteroom issuer",
        description = "Issues zero-knowledge credentials to accounts. Never learns a room.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    modifiers(&Authentication),
    tags(
        (name = "credentials", description = "What accounts are issued."),
        (name = "calling", description = "What calls need besides."),
        (name = "params", description = "What credentials are verified with."),
        (name = "login", description = "Email and password, sessions and their tokens."),
        (name = "devices", description = "What may sign in to an account."),
        (name = "accounts", description = "Who calls."),
        (name = "health", description = "How the service is."),
    )
)]
struct Description;

struct Authentication;

impl Modify for Authentication {
    fn modify(&self, openapi: &mut openapi::OpenApi) {
        let mut device = Http::new(HttpAuthScheme::Basic);
        device.description = Some("`ACI.deviceId` and the device's password.".to_owned());
        let mut session = Http::new(HttpAuthScheme::Bearer);
        session.bearer_format = Some("JWT".to_owned());
        session.description = Some(
            "An access token of `/auth/login`, or a token of a configured identity provider."
                .to_owned(),
        );
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("device", SecurityScheme::Http(device));
        components.add_security_scheme("session", SecurityScheme::Http(session));
    }
}
