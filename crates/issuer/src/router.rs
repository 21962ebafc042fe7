//! The routes, and their description.

use std::sync::Arc;

use anteroom_service::harden;
use axum::{Json, Router, routing::get};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        self,
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    Issuer, call_link_auth, create_auth, docs, group_auth, issuer::Core, params, relays, whoami,
};

/// The issuer's whole HTTP, with its shell: to be served as it is.
pub fn router(issuer: Issuer) -> Router {
    let core = issuer.0;
    let (routes, description) = described(Arc::clone(&core)).split_for_parts();
    let routes = routes
        .merge(docs::router())
        .route("/openapi.json", get(|| async move { Json(description) }));
    harden(
        routes,
        core.http,
        core.metrics.clone(),
        Arc::clone(&core.entropy),
    )
}

/// The description of the HTTP, made from the handlers.
#[must_use]
pub fn openapi() -> openapi::OpenApi {
    described_routes().into_openapi()
}

fn described(core: Arc<Core>) -> OpenApiRouter {
    let health = core.health.clone().router();
    described_routes().with_state(core).merge(health)
}

fn described_routes() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(create_auth::create_auth))
        .routes(routes!(group_auth::group_auth))
        .routes(routes!(call_link_auth::call_link_auth))
        .routes(routes!(relays::relays))
        .routes(routes!(relays::relays_v1))
        .routes(routes!(params::params))
        .routes(routes!(whoami::whoami))
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Anteroom issuer",
        description = "Issues zero-knowledge credentials to accounts. Never learns a room.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    modifiers(&DevicePassword),
    tags(
        (name = "credentials", description = "What accounts are issued."),
        (name = "calling", description = "What calls need besides."),
        (name = "params", description = "What credentials are verified with."),
        (name = "accounts", description = "Who calls."),
        (name = "health", description = "How the service is."),
    )
)]
struct Description;

struct DevicePassword;

impl Modify for DevicePassword {
    fn modify(&self, openapi: &mut openapi::OpenApi) {
        let mut scheme = Http::new(HttpAuthScheme::Basic);
        scheme.description = Some("`ACI.deviceId` and the device's password.".to_owned());
        openapi
            .components
            .get_or_insert_default()
            .add_security_scheme("device", SecurityScheme::Http(scheme));
    }
}
