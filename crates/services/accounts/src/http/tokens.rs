//! The answers with the tokens of a session.

use anteroom_http_server::Problem;
use anteroom_wire::{
    Secret,
    issuer::{TokenResponse, UserResponse},
};
use axum::response::Response;
use http::header;

use crate::{
    domain::tokens::{access_token::LIFETIME, grant::TokenGrant, session},
    http::{cookie, json::private},
    state::AccountsState,
};

/// The way in which a refresh token is returned: that of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenTransport {
    /// In the body.
    Body,
    /// As a cookie alone.
    Cookie,
}

/// Returns the answer with the tokens of a session. It is the same for the same grant.
///
/// # Errors
/// 503 without a key to sign with.
pub(crate) fn tokens(
    accounts: &AccountsState,
    grant: &TokenGrant,
    transport: TokenTransport,
) -> Result<Response, Problem> {
    let session = &grant.session;
    let access = grant.access_token(accounts)?;
    let elapsed = accounts
        .now()
        .as_secs()
        .saturating_sub(grant.issued.as_secs());
    let in_body = transport == TokenTransport::Body;
    let mut response = private(TokenResponse {
        access_token: Secret::new(access),
        refresh_token: in_body.then(|| Secret::from(grant.refresh.as_str())),
        token_type: "Bearer".to_owned(),
        expires_in: LIFETIME.saturating_sub(elapsed),
        user: UserResponse {
            id: session.aci.to_uuid_string(),
            email: Secret::from(grant.email.as_str()),
        },
        device_id: session.device.as_u32(),
    });
    if !in_body {
        let url = &accounts.login.settings.public_url;
        let seconds = session::lifetime(session.remember);
        if let Some(value) = cookie::set(url, &grant.refresh, seconds) {
            response.headers_mut().insert(header::SET_COOKIE, value);
        }
    }
    Ok(response)
}

/// Adds the removal of the cookie to an answer to a request that showed it.
pub(crate) fn without_cookie(
    accounts: &AccountsState,
    transport: TokenTransport,
    mut response: Response,
) -> Response {
    if transport == TokenTransport::Cookie
        && let Some(value) = cookie::removed(&accounts.login.settings.public_url)
    {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}
