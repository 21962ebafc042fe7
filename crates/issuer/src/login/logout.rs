//! `POST /auth/logout`: ends a session.

use std::sync::Arc;

use anteroom_service::{
    ClientAddress, Problem, ProblemDocument, bounded_body, problems, require_json,
};
use anteroom_store::{RefreshToken, SessionId, TransactionName};
use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{problems::VALIDATION_ERROR, wire::Secret};
use crate::{auth::unauthenticated, issuer::Core};

/// What can come of a request.
enum Outcome {
    InvalidInput,
    Unauthenticated,
    /// Also for a refresh token that no session has any more.
    LoggedOut(Option<SessionId>),
}

#[derive(Deserialize, ToSchema)]
struct LogoutRequest {
    /// The newest refresh token of the session. Without it the access token says which session
    /// ends.
    #[schema(value_type = Option<String>)]
    refresh_token: Option<Secret>,
}

/// Ends a session: all its tokens are worth nothing from here on. Its device stays.
#[utoipa::path(
    post,
    path = "/auth/logout",
    tag = "login",
    request_body(content = Option<LogoutRequest>),
    responses(
        (status = NO_CONTENT, description = "The session has ended."),
        (status = UNAUTHORIZED, body = ProblemDocument, content_type = "application/problem+json",
            description = "`UNAUTHORIZED`"),
        (status = UNPROCESSABLE_ENTITY, body = ProblemDocument,
            content_type = "application/problem+json", description = "`LOGIN_VALIDATION_ERROR`"),
        (status = TOO_MANY_REQUESTS, body = ProblemDocument,
            content_type = "application/problem+json", description = "`LOGIN_RATE_LIMITED`"),
        (status = SERVICE_UNAVAILABLE, body = ProblemDocument,
            content_type = "application/problem+json", description = "`UNAVAILABLE`"),
    ),
    security((), ("session" = []))
)]
pub(crate) async fn logout(
    State(issuer): State<Arc<Core>>,
    client: ClientAddress,
    request: Request,
) -> Response {
    match decide(&issuer, client, request).await {
        Ok(Outcome::InvalidInput) => Problem::new(&VALIDATION_ERROR).into_response(),
        Ok(Outcome::Unauthenticated) => unauthenticated(&problems::UNAUTHORIZED).into_response(),
        Ok(Outcome::LoggedOut(session)) => {
            if let Some(session) = session {
                issuer.authenticator.forget_session(&session);
            }
            StatusCode::NO_CONTENT.into_response()
        }
        Err(problem) => problem.into_response(),
    }
}

/// # Errors
/// What is not about this endpoint: too many requests, a body of another type or size, and what is
/// gone for now.
async fn decide(
    issuer: &Core,
    client: ClientAddress,
    request: Request,
) -> Result<Outcome, Problem> {
    let size = issuer.login.settings.limits.token;
    issuer.admit("login token", size, client).await?;
    let (head, body) = request.into_parts();
    let body = bounded_body(body, &issuer.http).await?;
    let shown = if body.is_empty() {
        None
    } else {
        require_json(&head.headers)?;
        match serde_json::from_slice::<LogoutRequest>(&body) {
            Ok(request) => request.refresh_token,
            Err(_) => return Ok(Outcome::InvalidInput),
        }
    };
    if let Some(token) = shown {
        let ended = match RefreshToken::parse(token.as_str()) {
            Some(token) => end_session_of(issuer, &token).await?,
            None => None,
        };
        return Ok(Outcome::LoggedOut(ended));
    }
    let caller = issuer.authenticate(&head).await?;
    match caller.and_then(|caller| caller.session) {
        Some(session) => {
            end_session(issuer, &session).await?;
            Ok(Outcome::LoggedOut(Some(session)))
        }
        None => Ok(Outcome::Unauthenticated),
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
