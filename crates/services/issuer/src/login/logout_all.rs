//! `POST /auth/logout-all`: ends all sessions of an account.

use std::sync::Arc;

use anteroom_http_server::{Problem, RequestClient};
use anteroom_protocol::Aci;
use anteroom_runtime::ClientAddress;
use anteroom_store::{RefreshToken, SessionId, TransactionName};
use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};

use super::{
    limits::LOGOUT,
    logout::{LogoutRequest, SessionProof, done, proof_of},
    problems::{LOGOUT_UNAUTHORIZED, LOGOUT_VALIDATION_ERROR},
    responses::{BodyProblems, LogoutProblems},
    wire::TokenTransport,
};
use crate::{auth::unauthenticated, issuer::IssuerState};

enum Outcome {
    InvalidInput,
    Unauthenticated,
    LoggedOut(Aci, TokenTransport),
}

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
    State(issuer): State<Arc<IssuerState>>,
    RequestClient(client): RequestClient,
    request: Request,
) -> Response {
    match decide(&issuer, client, request).await {
        Ok(Outcome::InvalidInput) => Problem::new(&LOGOUT_VALIDATION_ERROR).into_response(),
        Ok(Outcome::Unauthenticated) => unauthenticated(&LOGOUT_UNAUTHORIZED).into_response(),
        Ok(Outcome::LoggedOut(aci, transport)) => {
            issuer.authenticator.forget_sessions(&aci);
            done(&issuer, transport)
        }
        Err(problem) => problem.into_response(),
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
    let (ended, transport) = match proof_of(issuer, &head, body).await? {
        SessionProof::Invalid => return Ok(Outcome::InvalidInput),
        SessionProof::Refresh(Some(token), transport) => {
            (end(issuer, Proof::Refresh(&token)).await?, transport)
        }
        SessionProof::Access(session) => (
            end(issuer, Proof::Access(&session)).await?,
            TokenTransport::Body,
        ),
        SessionProof::Refresh(None, _) | SessionProof::Nothing => {
            return Ok(Outcome::Unauthenticated);
        }
    };
    Ok(ended.map_or(Outcome::Unauthenticated, |aci| {
        Outcome::LoggedOut(aci, transport)
    }))
}

/// The proof that identifies the account.
enum Proof<'a> {
    Refresh(&'a RefreshToken),
    Access(&'a SessionId),
}

/// Ends all sessions of the account, in one transaction; `None` if the proof belongs to no session.
async fn end(issuer: &Arc<IssuerState>, proof: Proof<'_>) -> Result<Option<Aci>, Problem> {
    const NAME: TransactionName = TransactionName::new("log out everywhere");
    let keys = issuer.database.storage_keys();
    issuer
        .stored(async {
            let mut transaction = issuer.database.begin(NAME).await?;
            let session = match proof {
                Proof::Refresh(token) => {
                    let hash = keys.refresh_token_hash(token);
                    transaction.end_session_of(&hash).await?
                }
                Proof::Access(id) => {
                    let caller = transaction.session_caller(id).await?;
                    caller.map(|caller| caller.session)
                }
            };
            let now = issuer.now();
            let Some(session) = session.filter(|session| now < session.expires) else {
                return Ok(None);
            };
            transaction.end_sessions(&session.aci).await?;
            transaction.save().await?;
            Ok(Some(session.aci))
        })
        .await
}
