//! The proof of a session in a request to end it.

use std::sync::Arc;

use anteroom_http_server::{Problem, bounded_body, problems, require_json};
use anteroom_runtime::ClientAddress;
use anteroom_store::RefreshToken;
use anteroom_wire::issuer::LogoutRequest;
use axum::extract::Request;

use crate::{
    domain::{callers::authentication::authenticate, login::logout::SessionProof},
    http::{
        authentication::{credentials, unauthenticated},
        cookie,
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
    let (head, body) = request.into_parts();
    let headers = &head.headers;
    let body = bounded_body(body, &accounts.http).await?;
    let is_json = require_json(headers);
    let refresh = |token: Option<RefreshToken>, transport| ShownProof {
        proof: token.map(SessionProof::Refresh),
        transport,
    };
    if !body.is_empty() {
        is_json?;
        match serde_json::from_slice::<LogoutRequest>(&body) {
            Ok(LogoutRequest {
                refresh_token: Some(token),
            }) => {
                let token = RefreshToken::parse(token.as_str());
                return Ok(refresh(token, TokenTransport::Body));
            }
            Ok(_) => {}
            Err(_) => return Err(Problem::new(&LOGOUT_VALIDATION_ERROR)),
        }
    }
    if is_json.is_ok() && cookie::is_there(headers) {
        return Ok(refresh(cookie::shown(headers), TokenTransport::Cookie));
    }
    let caller = authenticate(accounts, &credentials(headers), client).await?;
    match caller.and_then(|caller| caller.session) {
        Some(session) => Ok(ShownProof {
            proof: Some(SessionProof::Access(session)),
            transport: TokenTransport::Body,
        }),
        None if cookie::is_there(headers) => Err(Problem::new(&problems::UNSUPPORTED_MEDIA_TYPE)),
        None => Err(unauthenticated(&LOGOUT_UNAUTHORIZED)),
    }
}
