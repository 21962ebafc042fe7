//! `POST /auth/refresh`: exchanges a refresh token for new tokens.

use std::sync::Arc;

use anteroom_http_server::{Problem, ProblemDocument, RequestClient};
use anteroom_runtime::ClientAddress;
use anteroom_store::{
    DeviceUse, Email, IssuerRepository, RefreshToken, RotateOutcome, Session, SessionId,
    StoreError, TransactionName,
};
use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    cookie,
    events::{self, FailureReason, RequestOrigin},
    limits::REFRESH,
    problems::{SESSION_ENDED, VALIDATION_ERROR, refused},
    responses::BodyProblems,
    session,
    wire::{Secret, TokenGrant, TokenResponse, TokenTransport, read_json, tokens, without_cookie},
};
use crate::issuer::IssuerState;

/// The time, in seconds, for which a used token still gets the same successor: two tabs may use it
/// at the same time, and an answer may be lost. A later use ends the session.
const GRACE: u64 = 10;

enum Outcome {
    InvalidInput,
    /// The token is unknown or expired, or its account is disabled or deleted.
    Ended(TokenTransport),
    /// The token was used before. Its session has ended.
    Reused(TokenTransport, SessionId, Option<Email>),
    Refreshed(TokenGrant),
}

#[derive(Deserialize, ToSchema)]
struct RefreshRequest {
    /// The newest refresh token of the session. Without it the cookie is used, and the next token
    /// is set as a cookie too.
    #[schema(value_type = Option<String>, pattern = "^[A-Za-z0-9_-]{43}$",
        example = "tLYPddUQ7EBc90nl1Lor3Iknm0_kzDpAigiAcAoSaq4")]
    refresh_token: Option<Secret>,
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
        (status = OK, body = TokenResponse, description = "The new tokens of the session.",
            headers(("Set-Cookie" = String,
                description = "The refresh token, where the request showed it as a cookie."))),
        (status = UNAUTHORIZED, body = ProblemDocument, content_type = "application/problem+json",
            description = "`LOGIN_SESSION_ENDED`"),
        (status = UNPROCESSABLE_ENTITY, body = ProblemDocument,
            content_type = "application/problem+json", description = "`LOGIN_VALIDATION_ERROR`"),
        (status = TOO_MANY_REQUESTS, body = ProblemDocument,
            content_type = "application/problem+json", description = "`LOGIN_RATE_LIMITED`",
            headers(("Retry-After" = u64, description = "Seconds until the next request."))),
    )
)]
pub(crate) async fn refresh(
    State(issuer): State<Arc<IssuerState>>,
    RequestClient(client): RequestClient,
    request: Request,
) -> Response {
    let origin = RequestOrigin::new(client, request.headers());
    match decide(&issuer, client, request).await {
        Ok(Outcome::InvalidInput) => Problem::new(&VALIDATION_ERROR).into_response(),
        Ok(Outcome::Ended(transport)) => ended(&issuer, transport),
        Ok(Outcome::Reused(transport, session, email)) => {
            issuer.authenticator.forget_session(&session);
            if let Some(email) = email {
                let reason = FailureReason::RefreshTokenReused;
                events::failed(&issuer, &origin, &email, 0, reason);
            }
            ended(&issuer, transport)
        }
        Ok(Outcome::Refreshed(grant)) => {
            issuer.note_network(client);
            tokens(&issuer, &grant)
        }
        Err(problem) => problem.into_response(),
    }
}

fn ended(issuer: &IssuerState, transport: TokenTransport) -> Response {
    let response = refused(&SESSION_ENDED).into_response();
    match transport {
        TokenTransport::Body => response,
        TokenTransport::Cookie => without_cookie(issuer, response),
    }
}

/// # Errors
/// Problems of every endpoint: too many requests, a body of another type or size, and an
/// unavailable database.
async fn decide(
    issuer: &IssuerState,
    client: ClientAddress,
    request: Request,
) -> Result<Outcome, Problem> {
    issuer.admit(&REFRESH, client).await?;
    let (head, body) = request.into_parts();
    let Some(request) = read_json::<RefreshRequest>(issuer, &head.headers, body).await? else {
        return Ok(Outcome::InvalidInput);
    };
    let (used, transport) = match request.refresh_token {
        Some(token) => (RefreshToken::parse(token.as_str()), TokenTransport::Body),
        None if cookie::is_there(&head.headers) => {
            (cookie::shown(&head.headers), TokenTransport::Cookie)
        }
        None => return Ok(Outcome::InvalidInput),
    };
    match used {
        Some(used) => rotate(issuer, client, &used, transport).await,
        None => Ok(Outcome::Ended(transport)),
    }
}

/// Exchanges the token in one transaction, which is saved also if it ends the session.
async fn rotate(
    issuer: &IssuerState,
    client: ClientAddress,
    used: &RefreshToken,
    transport: TokenTransport,
) -> Result<Outcome, Problem> {
    const NAME: TransactionName = TransactionName::new("refresh session");
    let now = issuer.now();
    let device_use = DeviceUse {
        at: now,
        address: issuer.address(client),
    };
    let mut rng = issuer.entropy.rng();
    let keys = issuer.database.storage_keys();
    let refresh = keys.refresh_token_successor(used);
    let (used, next) = (
        keys.refresh_token_hash(used),
        keys.refresh_token_hash(&refresh),
    );
    let ends = (session::expires(false, now), session::expires(true, now));
    issuer
        .stored(async {
            let mut transaction = issuer.database.begin(NAME).await?;
            let rotated = transaction
                .rotate_refresh_token(&used, &next, now, ends, GRACE)
                .await?;
            let (session, issued) = match rotated {
                RotateOutcome::Rotated(session) => (session, now),
                RotateOutcome::Repeated(session, used) => (session, used),
                RotateOutcome::Reused(session) => {
                    let login = transaction.login(&session.aci).await?;
                    transaction.save().await?;
                    let email = login.map(|login| login.email);
                    return Ok(Outcome::Reused(transport, session.id, email));
                }
                RotateOutcome::Expired | RotateOutcome::Unknown => {
                    return Ok(Outcome::Ended(transport));
                }
            };
            let outcome = match email_of(&mut *transaction, &session).await? {
                Some(email) => {
                    transaction
                        .touch_device(&session.aci, session.device, &device_use, &mut *rng)
                        .await?;
                    Outcome::Refreshed(TokenGrant {
                        session,
                        refresh,
                        email,
                        issued,
                        transport,
                    })
                }
                None => {
                    transaction.end_session(&session.id).await?;
                    Outcome::Ended(transport)
                }
            };
            transaction.save().await?;
            Ok(outcome)
        })
        .await
}

/// Returns the address of the session's account; `None` if the account is disabled or has no login.
async fn email_of(
    transaction: &mut dyn IssuerRepository,
    session: &Session,
) -> Result<Option<Email>, StoreError> {
    let login = transaction.login(&session.aci).await?;
    let caller = transaction.session_caller(&session.id).await?;
    let is_enabled = caller.is_some_and(|caller| !caller.account.disabled);
    Ok(login.filter(|_| is_enabled).map(|login| login.email))
}
