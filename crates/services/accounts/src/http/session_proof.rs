//! The proof of a session in a request to end it.

use std::sync::Arc;

use anteroom_http_server::{Problem, problems, require_json};
use anteroom_runtime::ClientAddress;
use anteroom_store::RefreshToken;
use anteroom_wire::issuer::LogoutRequest;
use axum::extract::Request;

use crate::{
    domain::{callers::authentication::authenticate, login::logout::SessionProof},
    http::{
        authentication::{credentials, unauthenticated},
        cookie,
        json::read_optional_json,
        problems::{LOGOUT_UNAUTHORIZED, LOGOUT_VALIDATION_ERROR},
        tokens::TokenTransport,
    },
    state::AccountsState,
};

/// The proof in a request, and the way in which the request shows it.
pub(crate) struct ShownProof {
    /// `None` for a refresh token of another shape, which belongs to no session.
    pub(crate) proof: Option<SessionProof>,
    pub(crate) transport: TokenTransport,
}

/// Returns the proof of a session: that of the body, else the cookie, else the access token.
///
/// # Errors
/// A request without a proof, problems of the body's type, size or shape, a cookie without the
/// content type that keeps other sites from sending it, and an unavailable database.
pub(crate) async fn proof_of(
    accounts: &Arc<AccountsState>,
    client: ClientAddress,
    request: Request,
) -> Result<ShownProof, Problem> {
    let headers = request.headers();
    let is_json = require_json(headers).is_ok();
    let has_cookie = cookie::is_there(headers);
    let (cookie, credentials) = (cookie::shown(headers), credentials(headers));
    let refresh = |token: Option<RefreshToken>, transport| ShownProof {
        proof: token.map(SessionProof::Refresh),
        transport,
    };
    let body: LogoutRequest =
        read_optional_json(&accounts.http, request, &LOGOUT_VALIDATION_ERROR).await?;
    if let Some(token) = body.refresh_token {
        let token = RefreshToken::parse(token.as_str());
        return Ok(refresh(token, TokenTransport::Body));
    }
    if is_json && has_cookie {
        return Ok(refresh(cookie, TokenTransport::Cookie));
    }
    let caller = authenticate(accounts, &credentials, client).await?;
    match caller.and_then(|caller| caller.session) {
        Some(session) => Ok(ShownProof {
            proof: Some(SessionProof::Access(session)),
            transport: TokenTransport::Body,
        }),
        None if has_cookie => Err(Problem::new(&problems::UNSUPPORTED_MEDIA_TYPE)),
        None => Err(unauthenticated(&LOGOUT_UNAUTHORIZED)),
    }
}
