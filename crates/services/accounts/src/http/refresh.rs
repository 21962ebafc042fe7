//! `POST /auth/refresh`: exchanges a refresh token for new tokens.

use std::sync::Arc;

use anteroom_http_server::{Problem, RequestClient};
use anteroom_store::RefreshToken;
use anteroom_wire::issuer::{RefreshRequest, TokenResponse};
use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};

use crate::{
    domain::{
        client_limits::REFRESH,
        login::{
            events::FailureReason,
            refresh::{self, RefreshOutcome},
        },
    },
    http::{
        admission::admit,
        cookie,
        json::read_json,
        problems::{RATE_LIMITED, SESSION_ENDED, VALIDATION_ERROR, refused},
        responses::BodyProblems,
        tokens::{TokenTransport, tokens, without_cookie},
        user_agent::origin,
    },
    problem_responses,
    state::AccountsState,
};

problem_responses! {
    RefreshProblems:
    401 "`LOGIN_SESSION_ENDED`",
    422 "`LOGIN_VALIDATION_ERROR`",
    429 "`LOGIN_RATE_LIMITED`" waits,
}

/// Continues a session. A refresh token that is shown again within 10 seconds gets the same tokens.
/// One that is shown later ends its session.
#[utoipa::path(
    post,
    path = "/auth/refresh",
    tag = "login",
    request_body = RefreshRequest,
    params(("anteroom_refresh" = Option<String>, Cookie, description = "The refresh token, where \
        the body names none.")),
    responses(
        BodyProblems,
        RefreshProblems,
        (status = OK, body = TokenResponse, description = "The new tokens of the session.",
            headers(("Set-Cookie" = String,
                description = "The refresh token, where the request showed it as a cookie."))),
    )
)]
pub(crate) async fn refresh(
    State(accounts): State<Arc<AccountsState>>,
    RequestClient(client): RequestClient,
    request: Request,
) -> Result<Response, Problem> {
    let origin = origin(client, request.headers());
    admit(&accounts.limits, &REFRESH, client, &RATE_LIMITED).await?;
    let cookie = cookie::is_there(request.headers()).then(|| cookie::shown(request.headers()));
    let body: RefreshRequest = read_json(&accounts.http, request, &VALIDATION_ERROR).await?;
    let (used, transport) = match (body.refresh_token, cookie) {
        (Some(token), _) => (RefreshToken::parse(token.as_str()), TokenTransport::Body),
        (None, Some(shown)) => (shown, TokenTransport::Cookie),
        (None, None) => return Err(Problem::new(&VALIDATION_ERROR)),
    };
    let ended = || {
        let response = refused(&SESSION_ENDED).into_response();
        Ok(without_cookie(&accounts, transport, response))
    };
    let Some(used) = used else {
        return ended();
    };
    match refresh::refresh(&accounts, client, &used).await? {
        RefreshOutcome::Ended => ended(),
        RefreshOutcome::Reused(session, email) => {
            accounts.caller_cache.forget_session(&session);
            if let Some(email) = email {
                let reason = FailureReason::RefreshTokenReused;
                accounts.login_events.failed(&origin, &email, 0, reason);
            }
            ended()
        }
        RefreshOutcome::Refreshed(grant) => {
            accounts.limits.note_network(client);
            tokens(&accounts, &grant, transport)
        }
    }
}
