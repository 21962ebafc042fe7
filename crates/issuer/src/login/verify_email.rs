//! `POST /auth/verify-email`: shows that the mail of a sign-up has arrived.

use std::sync::Arc;

use anteroom_service::{ClientAddress, Problem, ProblemDocument};
use anteroom_store::{EmailToken, EmailTokenPurpose, TransactionName};
use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    problems::{LINK_INVALID, VALIDATION_ERROR},
    wire::{Secret, read_json},
};
use crate::issuer::Core;

/// What can come of a request.
pub(crate) enum Outcome {
    InvalidInput,
    LinkInvalid,
    Verified,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct VerifyEmailRequest {
    /// The token of the mail.
    #[schema(value_type = String, pattern = "^[A-Za-z0-9_-]{43}$", example = "u9_fWcjrsbjdkY8zl8ty5IZ9vneYQRUjo6I9xYaQ0f0")]
    pub(crate) token: Secret,
}

/// Confirms the address of a sign-up, with the password of that sign-up.
#[utoipa::path(
    post,
    path = "/auth/verify-email",
    tag = "login",
    request_body = VerifyEmailRequest,
    responses(
        (status = NO_CONTENT, description = "The address is confirmed."),
        (status = BAD_REQUEST, body = ProblemDocument, content_type = "application/problem+json",
            description = "`LOGIN_LINK_INVALID`"),
        (status = UNPROCESSABLE_ENTITY, body = ProblemDocument,
            content_type = "application/problem+json", description = "`LOGIN_VALIDATION_ERROR`"),
        (status = TOO_MANY_REQUESTS, body = ProblemDocument,
            content_type = "application/problem+json", description = "`LOGIN_RATE_LIMITED`"),
        (status = SERVICE_UNAVAILABLE, body = ProblemDocument,
            content_type = "application/problem+json", description = "`UNAVAILABLE`"),
    )
)]
pub(crate) async fn verify_email(
    State(issuer): State<Arc<Core>>,
    client: ClientAddress,
    request: Request,
) -> Response {
    match decide(&issuer, client, request).await {
        Ok(Outcome::InvalidInput) => Problem::new(&VALIDATION_ERROR).into_response(),
        Ok(Outcome::LinkInvalid) => Problem::new(&LINK_INVALID).into_response(),
        Ok(Outcome::Verified) => StatusCode::NO_CONTENT.into_response(),
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
    admit(issuer, client).await?;
    let (head, body) = request.into_parts();
    match read_json::<VerifyEmailRequest>(issuer, &head.headers, body).await? {
        Some(request) => accept(issuer, &request).await,
        None => Ok(Outcome::InvalidInput),
    }
}

/// The limit of the client's address, which comes before everything else.
///
/// # Errors
/// Too many requests came from there.
pub(crate) async fn admit(issuer: &Core, client: ClientAddress) -> Result<(), Problem> {
    let size = issuer.login.settings.limits.token;
    issuer.admit("login token", size, client).await
}

/// # Errors
/// What is gone for now.
pub(crate) async fn accept(
    issuer: &Core,
    request: &VerifyEmailRequest,
) -> Result<Outcome, Problem> {
    const NAME: TransactionName = TransactionName::new("verify email");
    const PURPOSE: EmailTokenPurpose = EmailTokenPurpose::VerifyEmail;
    let Some(token) = EmailToken::parse(request.token.as_str()) else {
        return Ok(Outcome::LinkInvalid);
    };
    let hash = issuer
        .database
        .service_keys()
        .email_token_hash(&token, PURPOSE);
    let now = issuer.now();
    let mut rng = issuer.entropy.rng();
    issuer
        .stored(async {
            let mut transaction = issuer.database.begin(NAME).await?;
            let confirmed = transaction.confirm_sign_up(&hash, now, &mut *rng).await?;
            transaction.save().await?;
            Ok(match confirmed {
                Some(_) => Outcome::Verified,
                None => Outcome::LinkInvalid,
            })
        })
        .await
}
