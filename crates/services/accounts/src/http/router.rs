//! The routes of accounts.

use std::sync::Arc;

use axum::Router;
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    accounts::Accounts,
    http::{
        confirm_reset,
        devices::{delete, list, register, rename},
        guests, jwks, logout, logout_all, pages, refresh, request_reset, resend, sign_in, sign_up,
        verify_email, whoami,
    },
    state::AccountsState,
};

/// Returns the routes of the API, with their OpenAPI description.
pub fn routes(accounts: &Accounts) -> OpenApiRouter {
    described().with_state(Arc::clone(&accounts.0))
}

/// Returns the OpenAPI description of the API alone.
#[must_use]
pub fn openapi() -> OpenApi {
    described().into_openapi()
}

fn described() -> OpenApiRouter<Arc<AccountsState>> {
    OpenApiRouter::new()
        .routes(routes!(whoami::whoami))
        .routes(routes!(guests::add))
        .routes(routes!(sign_up::sign_up))
        .routes(routes!(verify_email::verify_email))
        .routes(routes!(resend::resend))
        .routes(routes!(sign_in::sign_in))
        .routes(routes!(refresh::refresh))
        .routes(routes!(logout::logout))
        .routes(routes!(logout_all::logout_all))
        .routes(routes!(request_reset::request_reset))
        .routes(routes!(confirm_reset::confirm_reset))
        .routes(routes!(jwks::jwks))
        .routes(routes!(list::list, register::register_device))
        .routes(routes!(rename::rename, delete::delete))
}

/// Returns the routes of the pages.
pub fn page_routes(accounts: &Accounts) -> Router {
    pages::router(Arc::clone(&accounts.0))
}
