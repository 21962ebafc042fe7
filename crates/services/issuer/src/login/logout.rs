//! `POST /auth/logout`: ends a session.

use std::sync::Arc;

use anteroom_http_server::{Problem, RequestClient, bounded_body, problems, require_json};
use anteroom_runtime::ClientAddress;
use anteroom_store::{RefreshToken, SessionId, TransactionName};
use axum::{
    body::Body,
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use http::{StatusCode, request::Parts};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    cookie,
    limits::LOGOUT,
    problems::{LOGOUT_UNAUTHORIZED, LOGOUT_VALIDATION_ERROR},
    responses::{BodyProblems, LogoutProblems},
    wire::{Secret, TokenTransport, without_cookie},
};
use crate::{auth::unauthenticated, issuer::IssuerState};

enum Outcome {
    InvalidInput,
    Unauthenticated,
    /// The session has ended, or the refresh token belongs to no session.
    LoggedOut(Option<SessionId>, TokenTransport),
}

#[derive(Deserialize, ToSchema)]
pub(super) struct LogoutRequest {
    /// The newest refresh token of the session. Without it the cookie names the session, and
    /// without a cookie the access token.
    #[schema(value_type = Option<String>)]
    refresh_token: Option<Secret>,
}

/// The proof of a session in a request.
pub(super) enum SessionProof {
    /// A refresh token of the right shape, in the body or as a cookie; `None` if it has another
    /// shape.
    Refresh(Option<RefreshToken>, TokenTransport),
    /// A valid access token.
    Access(SessionId),
    Nothing,
    /// A body of another shape.
    Invalid,
}

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
    State(issuer): State<Arc<IssuerState>>,
    RequestClient(client): RequestClient,
    request: Request,
) -> Response {
    match decide(&issuer, client, request).await {
        Ok(Outcome::InvalidInput) => Problem::new(&LOGOUT_VALIDATION_ERROR).into_response(),
        Ok(Outcome::Unauthenticated) => unauthenticated(&LOGOUT_UNAUTHORIZED).into_response(),
        Ok(Outcome::LoggedOut(session, transport)) => {
            if let Some(session) = session {
                issuer.authenticator.forget_session(&session);
            }
            done(&issuer, transport)
        }
        Err(problem) => problem.into_response(),
    }
}

/// Returns the answer to a successful logout.
pub(super) fn done(issuer: &Arc<IssuerState>, transport: TokenTransport) -> Response {
    let response = StatusCode::NO_CONTENT.into_response();
    match transport {
        TokenTransport::Body => response,
        TokenTransport::Cookie => without_cookie(issuer, response),
    }
}

/// # Errors
/// Problems of every endpoint: too many requests, a body of another type or size, and an
/// unavailable database.
async fn decide(
    issuer: &Arc<IssuerState>,
    client: ClientAddress,
    request: Request,
) -> Result<Outcome, Problem> {
    issuer.admit(&LOGOUT, client).await?;
    let (head, body) = request.into_parts();
    Ok(match proof_of(issuer, &head, body).await? {
        SessionProof::Invalid => Outcome::InvalidInput,
        SessionProof::Nothing => Outcome::Unauthenticated,
        SessionProof::Refresh(token, transport) => {
            let ended = match token {
                Some(token) => end_session_of(issuer, &token).await?,
                None => None,
            };
            Outcome::LoggedOut(ended, transport)
        }
        SessionProof::Access(session) => {
            end_session(issuer, &session).await?;
            Outcome::LoggedOut(Some(session), TokenTransport::Body)
        }
    })
}

/// Returns the proof of a session: that of the body, else the cookie, else the access token.
///
/// # Errors
/// Problems of the body's type or size, a cookie without the content type that keeps other sites
/// from sending it, and an unavailable database.
pub(super) async fn proof_of(
    issuer: &Arc<IssuerState>,
    head: &Parts,
    body: Body,
) -> Result<SessionProof, Problem> {
    let headers = &head.headers;
    let body = bounded_body(body, &issuer.http).await?;
    let is_json = require_json(headers);
    if !body.is_empty() {
        is_json?;
        match serde_json::from_slice::<LogoutRequest>(&body) {
            Ok(LogoutRequest {
                refresh_token: Some(token),
            }) => {
                let token = RefreshToken::parse(token.as_str());
                return Ok(SessionProof::Refresh(token, TokenTransport::Body));
            }
            Ok(_) => {}
            Err(_) => return Ok(SessionProof::Invalid),
        }
    }
    if is_json.is_ok() && cookie::is_there(headers) {
        return Ok(SessionProof::Refresh(
            cookie::shown(headers),
            TokenTransport::Cookie,
        ));
    }
    let caller = issuer.authenticate(head).await?;
    match caller.and_then(|caller| caller.session) {
        Some(session) => Ok(SessionProof::Access(session)),
        None if cookie::is_there(headers) => Err(Problem::new(&problems::UNSUPPORTED_MEDIA_TYPE)),
        None => Ok(SessionProof::Nothing),
    }
}

const NAME: TransactionName = TransactionName::new("log out");

async fn end_session_of(
    issuer: &IssuerState,
    token: &RefreshToken,
) -> Result<Option<SessionId>, Problem> {
    let hash = issuer.database.storage_keys().refresh_token_hash(token);
    issuer
        .stored(async {
            let mut transaction = issuer.database.begin(NAME).await?;
            let ended = transaction.end_session_of(&hash).await?;
            transaction.save().await?;
            Ok(ended.map(|session| session.id))
        })
        .await
}

async fn end_session(issuer: &IssuerState, session: &SessionId) -> Result<(), Problem> {
    issuer
        .stored(async {
            let mut transaction = issuer.database.begin(NAME).await?;
            transaction.end_session(session).await?;
            transaction.save().await
        })
        .await
}
