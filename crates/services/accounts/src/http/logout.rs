//! `POST /auth/logout`: ends a session.

use std::sync::Arc;

use anteroom_http_server::{Problem, RequestClient};
use anteroom_wire::issuer::LogoutRequest;
use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use http::StatusCode;

use crate::{
    domain::{client_limits::LOGOUT, login::logout::end_session},
    http::{
        admission::admit,
        problems::LOGOUT_RATE_LIMITED,
        responses::{BodyProblems, LogoutProblems},
        session_proof::{ShownProof, proof_of},
        tokens::without_cookie,
    },
    state::AccountsState,
};

/// Ends a session. All its tokens are invalid from then on. Its device remains.
#[utoipa::path(
    post,
    path = "/auth/logout",
    tag = "login",
    request_body(content = Option<LogoutRequest>),
    params(("anteroom_refresh" = Option<String>, Cookie, description = "The refresh token, where \
        the body names none. The content type has to be `application/json`.")),
    responses(
        BodyProblems,
        LogoutProblems,
        (status = NO_CONTENT, description = "The session has ended.",
            headers(("Set-Cookie" = String,
                description = "Removes the cookie, where the request showed one."))),
    ),
    security((), ("session" = []))
)]
pub(crate) async fn logout(
    State(accounts): State<Arc<AccountsState>>,
    RequestClient(client): RequestClient,
    request: Request,
) -> Result<Response, Problem> {
    admit(&accounts.limits, &LOGOUT, client, &LOGOUT_RATE_LIMITED).await?;
    let ShownProof { proof, transport } = proof_of(&accounts, client, request).await?;
    if let Some(proof) = proof {
        end_session(&accounts, &proof).await?;
    }
    let response = StatusCode::NO_CONTENT.into_response();
    Ok(without_cookie(&accounts, transport, response))
}
