//! `POST /auth/password-reset`: requests a mail with a link to set a new password.

use std::sync::Arc;

use anteroom_http_server::{Problem, RequestClient};
use anteroom_wire::issuer::ResetRequest;
use axum::extract::{Request, State};
use http::StatusCode;

use crate::{
    domain::{
        client_limits::RESET,
        mails::mail_request::{MailRequestOutcome, request_mail},
        request_reset::RESET_MAIL,
    },
    http::{
        admission::admit,
        json::read_json,
        problems::{RESET_RATE_LIMITED, RESET_VALIDATION_ERROR},
        responses::BodyProblems,
    },
    problem_responses,
    state::AccountsState,
};

problem_responses! {
    RequestResetProblems:
    422 "`RESET_VALIDATION_ERROR`",
    429 "`RESET_RATE_LIMITED`" waits,
    503 "`UNAVAILABLE`, also where no mail is set up; `OVERLOADED`",
}

/// Requests a new password. If the address has an account, a mail explains the next step. The
/// answer is sent before anything depends on the account.
#[utoipa::path(
    post,
    path = "/auth/password-reset",
    tag = "login",
    request_body = ResetRequest,
    responses(
        BodyProblems,
        RequestResetProblems,
        (status = ACCEPTED, description = "If the address has an account, a mail is on its way."),
    )
)]
pub(crate) async fn request_reset(
    State(accounts): State<Arc<AccountsState>>,
    RequestClient(client): RequestClient,
    request: Request,
) -> Result<StatusCode, Problem> {
    admit(&accounts.limits, &RESET, client, &RESET_RATE_LIMITED).await?;
    let body: ResetRequest = read_json(&accounts.http, request, &RESET_VALIDATION_ERROR).await?;
    match request_mail(&accounts, client, &RESET_MAIL, body.email.as_str()).await? {
        MailRequestOutcome::InvalidInput => Err(Problem::new(&RESET_VALIDATION_ERROR)),
        MailRequestOutcome::Accepted => Ok(StatusCode::ACCEPTED),
    }
}
