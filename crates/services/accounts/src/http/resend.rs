//! `POST /auth/verify-email/resend`: requests the mail of a sign-up again.

use std::sync::Arc;

use anteroom_http_server::{Problem, RequestClient};
use anteroom_wire::issuer::ResendRequest;
use axum::extract::{Request, State};
use http::StatusCode;

use crate::{
    domain::{
        client_limits::RESEND,
        mails::mail_request::{MailRequestOutcome, request_mail},
        resend::VERIFICATION_MAIL,
    },
    http::{
        admission::admit,
        json::read_json,
        problems::{VERIFY_RATE_LIMITED, VERIFY_VALIDATION_ERROR},
        responses::BodyProblems,
    },
    problem_responses,
    state::AccountsState,
};

problem_responses! {
    ResendProblems:
    422 "`VERIFY_VALIDATION_ERROR`",
    429 "`VERIFY_RATE_LIMITED`" waits,
    503 "`UNAVAILABLE`, also where no mail is set up; `OVERLOADED`",
}

/// Requests the mail of a sign-up again. The link of the earlier mail ends if the address has one
/// unconfirmed sign-up. If it has several, the links of the others stay valid.
#[utoipa::path(
    post,
    path = "/auth/verify-email/resend",
    tag = "login",
    request_body = ResendRequest,
    responses(
        BodyProblems,
        ResendProblems,
        (status = ACCEPTED, description = "If a sign-up waits for this address, a mail is on its \
                                           way."),
    )
)]
pub(crate) async fn resend(
    State(accounts): State<Arc<AccountsState>>,
    RequestClient(client): RequestClient,
    request: Request,
) -> Result<StatusCode, Problem> {
    admit(&accounts.limits, &RESEND, client, &VERIFY_RATE_LIMITED).await?;
    let body: ResendRequest = read_json(&accounts.http, request, &VERIFY_VALIDATION_ERROR).await?;
    match request_mail(&accounts, client, &VERIFICATION_MAIL, body.email.as_str()).await? {
        MailRequestOutcome::InvalidInput => Err(Problem::new(&VERIFY_VALIDATION_ERROR)),
        MailRequestOutcome::Accepted => Ok(StatusCode::ACCEPTED),
    }
}
