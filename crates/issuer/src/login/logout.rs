//! `POST /auth/logout`: ends a session.

use std::sync::Arc;

use anteroom_service::{ClientAddress, Problem, bounded_body, problems, require_json};
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
    wire::{Delivery, Secret, without_cookie},
};
use crate::{auth::unauthenticated, issuer::Core};

/// The outcomes of a request.
enum Outcome {
    InvalidInput,
    Unauthenticated,
    /// Also for a refresh token that no session has any more.
    LoggedOut(Option<SessionId>, Delivery),
}

#[derive(Deserialize, ToSchema)]
pub(super) struct LogoutRequest {
    /// The newest refresh token of the session. Without it the cookie says which session it is, and
    /// without that the access token.
    #[schema(value_type = Option<String>)]
    refresh_token: Option<Secret>,
}

/// The proof of a session that a request shows.
pub(super) enum SessionProof {
    /// A refresh token, if it can be one, in the body or as a cookie.
    Refresh(Option<RefreshToken>, Delivery),
    /// An access token that is good.
    Access(SessionId),
    Nothing,
    /// A body of another form.
    Invalid,
}

/// Ends a session: all its tokens are worth nothing from here on. Its device stays.
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
    State(issuer): State<Arc<Core>>,
    client: ClientAddress,
    request: Request,
) -> Response {
    match decide(&issuer, client, request).await {
        Ok(Outcome::InvalidInput) => Problem::new(&LOGOUT_VALIDATION_ERROR).into_response(),
        Ok(Outcome::Unauthenticated) => unauthenticated(&LOGOUT_UNAUTHORIZED).into_response(),
        Ok(Outcome::LoggedOut(session, delivery)) => {
            if let Some(session) = session {
                issuer.authenticator.forget_session(&session);
            }
            done(&issuer, delivery)
        }
        Err(problem) => problem.into_response(),
    }
}

/// The answer to a logout that was done.
pub(super) fn done(issuer: &Arc<Core>, delivery: Delivery) -> Response {
    let response = StatusCode::NO_CONTENT.into_response();
    match delivery {
        Delivery::Body => response,
        Delivery::Cookie => without_cookie(issuer, response),
    }
}

/// # Errors
/// Problems that are not this endpoint's own: too many requests, a body of another type or size, and
/// a database that is gone for now.
async fn decide(
    issuer: &Arc<Core>,
    client: ClientAddress,
    request: Request,
) -> Result<Outcome, Problem> {
    issuer.admit(&LOGOUT, client).await?;
    let (head, body) = request.into_parts();
    Ok(match proof_of(issuer, &head, body).await? {
        SessionProof::Invalid => Outcome::InvalidInput,
        SessionProof::Nothing => Outcome::Unauthenticated,
        SessionProof::Refresh(token, delivery) => {
            let ended = match token {
                Some(token) => end_session_of(issuer, &token).await?,
                None => None,
            };
            Outcome::LoggedOut(ended, delivery)
        }
        SessionProof::Access(session) => {
            end_session(issuer, &session).await?;
            Outcome::LoggedOut(Some(session), Delivery::Body)
        }
    })
}

/// The body counts first, then the cookie, then the access token.
///
/// # Errors
/// A body of another type or size, a cookie without the content type that keeps other sites from
/// sending it, and what is gone for now.
pub(super) async fn proof_of(
    issuer: &Arc<Core>,
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
                return Ok(SessionProof::Refresh(token, Delivery::Body));
            }
            Ok(_) => {}
            Err(_) => return Ok(SessionProof::Invalid),
        }
    }
    if is_json.is_ok() && cookie::is_there(headers) {
        return Ok(SessionProof::Refresh(
            cookie::shown(headers),
            Delivery::Cookie,
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

async fn end_session_of(issuer: &Core, token: &RefreshToken) -> Result<Option<SessionId>, Problem> {
    let hash = issuer.database.service_keys().refresh_token_hash(token);
    issuer
        .stored(async {
            let mut transaction = issuer.database.begin(NAME).await?;
            let ended = transaction.end_session_of(&hash).await?;
            transaction.save().await?;
            Ok(ended.map(|session| session.id))
        })
        .await
}

async fn end_session(issuer: &Core, session: &SessionId) -> Result<(), Problem> {
    issuer
        .stored(async {
            let mut transaction = issuer.database.begin(NAME).await?;
            transaction.end_session(session).await?;
            transaction.save().await
        })
        .await
}
