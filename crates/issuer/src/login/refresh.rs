//! `POST /auth/refresh`: new tokens for a refresh token, which works once.

use std::sync::Arc;

use anteroom_protocol::Aci;
use anteroom_service::{ClientAddress, Problem, ProblemDocument};
use anteroom_store::{
    Email, RefreshToken, RotateOutcome, Session, SessionId, Sighting, TransactionName,
};
use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    problems::{SESSION_ENDED, VALIDATION_ERROR, refused},
    session,
    wire::{Secret, TokenResponse, read_json, tokens},
};
use crate::issuer::Core;

/// What can come of a request.
enum Outcome {
    InvalidInput,
    /// The token is unknown or expired, its account is disabled or gone.
    Ended,
    /// Somebody has used the token before: its session has ended.
    Reused(Aci, SessionId),
    Refreshed {
        session: Session,
        refresh: RefreshToken,
        email: Email,
    },
}

#[derive(Deserialize, ToSchema)]
struct RefreshRequest {
    /// The newest refresh token of the session.
    #[schema(value_type = String, pattern = "^[A-Za-z0-9_-]{43}$", example = "tLYPddUQ7EBc90nl1Lor3Iknm0_kzDpAigiAcAoSaq4")]
    refresh_token: Secret,
}

/// Goes on with a session. A refresh token that is shown twice ends its session.
#[utoipa::path(
    post,
    path = "/auth/refresh",
    tag = "login",
    request_body = RefreshRequest,
    responses(
        (status = OK, body = TokenResponse, description = "The new tokens of the session."),
        (status = UNAUTHORIZED, body = ProblemDocument, content_type = "application/problem+json",
            description = "`LOGIN_SESSION_ENDED`"),
        (status = UNPROCESSABLE_ENTITY, body = ProblemDocument,
            content_type = "application/problem+json", description = "`LOGIN_VALIDATION_ERROR`"),
        (status = TOO_MANY_REQUESTS, body = ProblemDocument,
            content_type = "application/problem+json", description = "`LOGIN_RATE_LIMITED`"),
        (status = SERVICE_UNAVAILABLE, body = ProblemDocument,
            content_type = "application/problem+json", description = "`UNAVAILABLE`"),
    )
)]
pub(crate) async fn refresh(
    State(issuer): State<Arc<Core>>,
    client: ClientAddress,
    request: Request,
) -> Response {
    match decide(&issuer, client, request).await {
        Ok(Outcome::InvalidInput) => Problem::new(&VALIDATION_ERROR).into_response(),
        Ok(Outcome::Ended) => refused(&SESSION_ENDED).into_response(),
        Ok(Outcome::Reused(aci, session)) => {
            issuer.authenticator.forget_session(&session);
            issuer.emit_login("login.failed", Some(&aci), |event| {
                event.with("reason", "refresh_token_reused")
            });
            refused(&SESSION_ENDED).into_response()
        }
        Ok(Outcome::Refreshed {
            session,
            refresh,
            email,
        }) => tokens(&issuer, &session, &refresh, &email),
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
    let Some(request) = read_json::<RefreshRequest>(issuer, &head.headers, body).await? else {
        return Ok(Outcome::InvalidInput);
    };
    match RefreshToken::parse(request.refresh_token.as_str()) {
        Some(used) => rotate(issuer, client, &used).await,
        None => Ok(Outcome::Ended),
    }
}

/// All or nothing. Ending a session is something too.
async fn rotate(
    issuer: &Core,
    client: ClientAddress,
    used: &RefreshToken,
) -> Result<Outcome, Problem> {
    const NAME: TransactionName = TransactionName::new("refresh session");
    let now = issuer.now();
    let sighting = Sighting {
        at: now,
        address: issuer.address(client),
    };
    let mut rng = issuer.entropy.rng();
    let refresh = RefreshToken::random(&mut *rng);
    let keys = issuer.database.service_keys();
    let (used, next) = (
        keys.refresh_token_hash(used),
        keys.refresh_token_hash(&refresh),
    );
    let (short, long) = (session::expires(false, now), session::expires(true, now));
    issuer
        .stored(async {
            let mut transaction = issuer.database.begin(NAME).await?;
            let rotated = transaction
                .rotate_refresh_token(&used, &next, now, short, long)
                .await?;
            let session = match rotated {
                RotateOutcome::Rotated(session) => session,
                RotateOutcome::Reused(session) => {
                    transaction.save().await?;
                    return Ok(Outcome::Reused(session.aci, session.id));
                }
                RotateOutcome::Expired | RotateOutcome::Unknown => return Ok(Outcome::Ended),
            };
            let login = transaction.login(&session.aci).await?;
            let caller = transaction.session_caller(&session.id).await?;
            let is_enabled = caller.is_some_and(|caller| !caller.account.disabled);
            let outcome = match login {
                Some(login) if is_enabled => {
                    transaction
                        .touch_device(&session.aci, session.device, &sighting, &mut *rng)
                        .await?;
                    Outcome::Refreshed {
                        session,
                        refresh,
                        email: login.email,
                    }
                }
                _ => {
                    transaction.end_session(&session.id).await?;
                    Outcome::Ended
                }
            };
            transaction.save().await?;
            Ok(outcome)
        })
        .await
}
