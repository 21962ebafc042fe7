//! `POST /auth/verify-email`: confirms the address of a sign-up.

use std::sync::Arc;

use anteroom_http_server::{Problem, ProblemDocument, RequestClient};
use anteroom_wire::issuer::VerifyEmailRequest;
use axum::extract::{Request, State};
use http::StatusCode;

use crate::{
    domain::{
        client_limits::VERIFY,
        verify_email::{self, VerifyOutcome},
    },
    http::{
        admission::admit,
        json::read_json,
        problems::{VERIFY_LINK_INVALID, VERIFY_RATE_LIMITED, VERIFY_VALIDATION_ERROR},
        responses::BodyProblems,
    },
    state::AccountsState,
};

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
    State(accounts): State<Arc<AccountsState>>,
    RequestClient(client): RequestClient,
    request: Request,
) -> Result<StatusCode, Problem> {
    admit(&accounts.limits, &VERIFY, client, &VERIFY_RATE_LIMITED).await?;
    let Some(body) = read_json::<VerifyEmailRequest>(&accounts.http, request).await? else {
        return Err(Problem::new(&VERIFY_VALIDATION_ERROR));
    };
    match verify_email::verify_email(&accounts.storage, body.token.as_str()).await? {
        VerifyOutcome::LinkInvalid => Err(Problem::new(&VERIFY_LINK_INVALID)),
        VerifyOutcome::Verified | VerifyOutcome::VerifiedBefore => Ok(StatusCode::NO_CONTENT),
    }
}
