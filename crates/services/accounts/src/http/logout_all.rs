//! `POST /auth/logout-all`: ends all sessions of an account.

use std::sync::Arc;

use anteroom_http_server::{Problem, RequestClient};
use anteroom_wire::issuer::LogoutRequest;
use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use http::StatusCode;

use crate::{
    domain::{
        client_limits::LOGOUT,
        login::logout::{EndSessionsOutcome, end_all_sessions},
    },
    http::{
        admission::admit,
        authentication::unauthenticated,
        problems::{LOGOUT_RATE_LIMITED, LOGOUT_UNAUTHORIZED},
        responses::{BodyProblems, LogoutProblems},
        session_proof::{ShownProof, proof_of},
        tokens::without_cookie,
    },
    state::AccountsState,
};

/// Ends all sessions of the account, including the calling one. Devices and their passwords remain.
#[utoipa::path(
    post,
    path = "/auth/logout-all",
    tag = "login",
    request_body(content = Option<LogoutRequest>),
    params(("anteroom_refresh" = Option<String>, Cookie, description = "The refresh token, where \
        the body names none. The content type has to be `application/json`.")),
    responses(
        BodyProblems,
        LogoutProblems,
        (status = NO_CONTENT, description = "All sessions have ended.",
            headers(("Set-Cookie" = String,
                description = "Removes the cookie, where the request showed one."))),
    ),
    security((), ("session" = []))
)]
pub(crate) async fn logout_all(
    State(accounts): State<Arc<AccountsState>>,
    RequestClient(client): RequestClient,
    request: Request,
) -> Result<Response, Problem> {
    admit(&accounts.limits, &LOGOUT, client, &LOGOUT_RATE_LIMITED).await?;
    let ShownProof { proof, transport } = proof_of(&accounts, client, request).await?;
    let Some(proof) = proof else {
        return Err(unauthenticated(&LOGOUT_UNAUTHORIZED));
    };
    match end_all_sessions(&accounts, &proof).await? {
        EndSessionsOutcome::Unauthenticated => Err(unauthenticated(&LOGOUT_UNAUTHORIZED)),
        EndSessionsOutcome::Ended => {
            let response = StatusCode::NO_CONTENT.into_response();
            Ok(without_cookie(&accounts, transport, response))
        }
    }
}
