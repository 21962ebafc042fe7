//! `POST /auth/verify-email`: confirms the address of a sign-up.

use std::sync::Arc;

use anteroom_http_server::{Problem, ProblemDocument, RequestClient};
use anteroom_runtime::ClientAddress;
use anteroom_store::{ConfirmOutcome, EmailToken, EmailTokenPurpose, TransactionName};
use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    limits::VERIFY,
    problems::{VERIFY_LINK_INVALID, VERIFY_VALIDATION_ERROR},
    responses::BodyProblems,
    wire::{Secret, read_json},
};
use crate::issuer::IssuerState;

pub(crate) enum Outcome {
    InvalidInput,
    LinkInvalid,
    Verified,
    /// The same link has confirmed the address before.
    VerifiedBefore,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct VerifyEmailRequest {
    /// The token of the mail.
    #[schema(value_type = String, pattern = "^[A-Za-z0-9_-]{43}$", example = "u9_fWcjrsbjdkY8zl8ty5IZ9vneYQRUjo6I9xYaQ0f0")]
    pub(crate) token: Secret,
}

/// Confirms the address of a sign-up, and sets the password of that sign-up. Until the link would
/// have ended, its repeated use succeeds too.
#[utoipa::path(
    post,
    path = "/auth/verify-email",
    tag = "login",
    request_body = VerifyEmailRequest,
    responses(
        BodyProblems,
        (status = NO_CONTENT, description = "The address is confirmed, by this request or by an \
                                             earlier one with the same token."),
        (status = BAD_REQUEST, body = ProblemDocument, content_type = "application/problem+json",
            description = "`VERIFY_LINK_INVALID`, `BAD_REQUEST`"),
        (status = UNPROCESSABLE_ENTITY, body = ProblemDocument,
            content_type = "application/problem+json", description = "`VERIFY_VALIDATION_ERROR`"),
        (status = TOO_MANY_REQUESTS, body = ProblemDocument,
            content_type = "application/problem+json", description = "`VERIFY_RATE_LIMITED`",
            headers(("Retry-After" = u64, description = "Seconds until the next request."))),
    )
)]
pub(crate) async fn verify_email(
    State(issuer): State<Arc<IssuerState>>,
    RequestClient(client): RequestClient,
    request: Request,
) -> Response {
    match decide(&issuer, client, request).await {
        Ok(Outcome::InvalidInput) => Problem::new(&VERIFY_VALIDATION_ERROR).into_response(),
        Ok(Outcome::LinkInvalid) => Problem::new(&VERIFY_LINK_INVALID).into_response(),
        Ok(Outcome::Verified | Outcome::VerifiedBefore) => StatusCode::NO_CONTENT.into_response(),
        Err(problem) => problem.into_response(),
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
    admit(issuer, client).await?;
    let (head, body) = request.into_parts();
    match read_json::<VerifyEmailRequest>(issuer, &head.headers, body).await? {
        Some(request) => accept(issuer, &request).await,
        None => Ok(Outcome::InvalidInput),
    }
}

/// Applies the limit of the client's address, before all other checks.
///
/// # Errors
/// 429 when the limit is reached.
pub(crate) async fn admit(issuer: &IssuerState, client: ClientAddress) -> Result<(), Problem> {
    issuer.admit(&VERIFY, client).await
}

/// # Errors
/// 503 or 500 when the database is unavailable.
pub(crate) async fn accept(
    issuer: &IssuerState,
    request: &VerifyEmailRequest,
) -> Result<Outcome, Problem> {
    const NAME: TransactionName = TransactionName::new("verify email");
    const PURPOSE: EmailTokenPurpose = EmailTokenPurpose::VerifyEmail;
    let Some(token) = EmailToken::parse(request.token.as_str()) else {
        return Ok(Outcome::LinkInvalid);
    };
    let hash = issuer
        .database
        .storage_keys()
        .email_token_hash(&token, PURPOSE);
    let now = issuer.now();
    let mut rng = issuer.entropy.rng();
    issuer
        .stored(async {
            let mut transaction = issuer.database.begin(NAME).await?;
            let confirmed = transaction.confirm_sign_up(&hash, now, &mut *rng).await?;
            transaction.save().await?;
            Ok(match confirmed {
                ConfirmOutcome::Confirmed(_) => Outcome::Verified,
                ConfirmOutcome::Repeated => Outcome::VerifiedBefore,
                ConfirmOutcome::Invalid => Outcome::LinkInvalid,
            })
        })
        .await
}
