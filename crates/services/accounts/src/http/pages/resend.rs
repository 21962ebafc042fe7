//! `/account/verify/resend`

use std::sync::Arc;

use anteroom_http_server::RequestClient;
use axum::{
    extract::{Request, State},
    response::Response,
};

use crate::{
    domain::{client_limits::RESEND, mails::mail_request::MailRequestOutcome, resend},
    http::{
        admission::admit,
        pages::{form::Form, layout::PageProblem, mail_request::MailRequestPage},
        problems::{VERIFY_RATE_LIMITED, VERIFY_VALIDATION_ERROR},
    },
    state::AccountsState,
};

const PAGE: MailRequestPage = MailRequestPage {
    title: "Confirm your email address",
    action: "resend",
    introduction: "Type the email address that you signed up with. We send you a new link.",
    button: "Send the link",
    condition: "waits to be confirmed",
    purpose: "to go on",
    hint: "The links of earlier mails may not work any more.",
    without_mail: "Ask the people who run it to confirm your address.",
    start: "../../",
};

pub(crate) async fn show(State(accounts): State<Arc<AccountsState>>) -> Response {
    PAGE.show(&accounts)
}

/// # Errors
/// Too many requests, a body of another type or size, and an unavailable database.
pub(crate) async fn submit(
    State(accounts): State<Arc<AccountsState>>,
    RequestClient(client): RequestClient,
    request: Request,
) -> Result<Response, PageProblem> {
    admit(&accounts.limits, &RESEND, client, &VERIFY_RATE_LIMITED).await?;
    if let Some(page) = PAGE.without_mail(&accounts) {
        return Ok(page);
    }
    let fields = Form::read(&accounts.http, request).await?;
    let email = fields.field("email");
    let email = email.as_str();
    Ok(match resend::resend(&accounts, client, email).await? {
        MailRequestOutcome::InvalidInput => PAGE.refused(&VERIFY_VALIDATION_ERROR, email),
        MailRequestOutcome::Accepted => PAGE.accepted(email),
    })
}
