//! `POST /auth/verify-email/resend`: requests the mail of a sign-up again.

use std::sync::Arc;

use anteroom_http_server::{Problem, ProblemDocument, RequestClient};
use anteroom_wire::issuer::ResendRequest;
use axum::extract::{Request, State};
use http::StatusCode;

use crate::{
    domain::{client_limits::RESEND, mails::mail_request::MailRequestOutcome, resend},
    http::{
        admission::admit,
        json::read_json,
        problems::{VERIFY_RATE_LIMITED, VERIFY_VALIDATION_ERROR},
        responses::BodyProblems,
    },
    state::AccountsState,
};

/// Requests the mail of a sign-up again. The link of the earlier mail ends if the address has one
/// unconfirmed sign-up. If it has several, the links of the others stay valid.
#[utoipa::path(
    post,
    path = "/auth/verify-email/resend",
    tag = "login",
    request_body = ResendRequest,
    responses(
        BodyProblems,
        (status = ACCEPTED, description = "If a sign-up waits for this address, a mail is on its \
                                           way."),
        (status = UNPROCESSABLE_ENTITY, body = ProblemDocument,
            content_type = "application/problem+json", description = "`VERIFY_VALIDATION_ERROR`"),
        (status = TOO_MANY_REQUESTS, body = ProblemDocument,
            content_type = "application/problem+json", description = "`VERIFY_RATE_LIMITED`",
            headers(("Retry-After" = u64, description = "Seconds until the next request."))),
        (status = SERVICE_UNAVAILABLE, body = ProblemDocument,
            content_type = "application/problem+json",
            description = "`UNAVAILABLE`, also where no mail is set up; `OVERLOADED`"),
    )
)]
pub(crate) async fn resend(
    State(accounts): State<Arc<AccountsState>>,
    RequestClient(client): RequestClient,
    request: Request,
) -> Result<StatusCode, Problem> {
    admit(&accounts.limits, &RESEND, client, &VERIFY_RATE_LIMITED).await?;
    let Some(body) = read_json::<ResendRequest>(&accounts.http, request).await? else {
        return Err(Problem::new(&VERIFY_VALIDATION_ERROR));
    };
    match resend::resend(&accounts, client, body.email.as_str()).await? {
        MailRequestOutcome::InvalidInput => Err(Problem::new(&VERIFY_VALIDATION_ERROR)),
        MailRequestOutcome::Accepted => Ok(StatusCode::ACCEPTED),
    }
}
