//! `POST /auth/verify-email`: confirms the address of a sign-up.

use std::sync::Arc;

use anteroom_http_server::{Problem, RequestClient};
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
    problem_responses,
    state::AccountsState,
};

problem_responses! {
    VerifyEmailProblems:
    400 "`VERIFY_LINK_INVALID`, `BAD_REQUEST`",
    422 "`VERIFY_VALIDATION_ERROR`",
    429 "`VERIFY_RATE_LIMITED`" waits,
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
        VerifyEmailProblems,
        (status = NO_CONTENT, description = "The address is confirmed, by this request or by an \
                                             earlier one with the same token."),
    )
)]
pub(crate) async fn verify_email(
    State(accounts): State<Arc<AccountsState>>,
    RequestClient(client): RequestClient,
    request: Request,
) -> Result<StatusCode, Problem> {
    admit(&accounts.limits, &VERIFY, client, &VERIFY_RATE_LIMITED).await?;
    let body: VerifyEmailRequest =
        read_json(&accounts.http, request, &VERIFY_VALIDATION_ERROR).await?;
    match verify_email::verify_email(&accounts.storage, body.token.as_str()).await? {
        VerifyOutcome::LinkInvalid => Err(Problem::new(&VERIFY_LINK_INVALID)),
        VerifyOutcome::Verified | VerifyOutcome::VerifiedBefore => Ok(StatusCode::NO_CONTENT),
    }
}
