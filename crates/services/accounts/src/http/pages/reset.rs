//! `/account/reset`

use std::sync::Arc;

use anteroom_http_server::RequestClient;
use axum::{
    extract::{Request, State},
    response::Response,
};

use crate::{
    domain::{client_limits::RESET, mails::mail_request::MailRequestOutcome, request_reset},
    http::{
        admission::admit,
        pages::{form::Form, layout::PageProblem, mail_request::MailRequestPage},
        problems::{RESET_RATE_LIMITED, RESET_VALIDATION_ERROR},
    },
    state::AccountsState,
};

const PAGE: MailRequestPage = MailRequestPage {
    title: "Forgot your password?",
    action: "reset",
    introduction: "Type the email address of your account. We send you a link to choose a new \
                   password.",
    button: "Send the link",
    condition: "has an account",
    purpose: "to choose a new password",
    hint: "The link works for one hour.",
    without_mail: "Ask the people who run it for a new password.",
    start: "../",
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
    admit(&accounts.limits, &RESET, client, &RESET_RATE_LIMITED).await?;
    if let Some(page) = PAGE.without_mail(&accounts) {
        return Ok(page);
    }
    let fields = Form::read(&accounts.http, request).await?;
    let email = fields.field("email");
    let email = email.as_str();
    Ok(
        match request_reset::request_reset(&accounts, client, email).await? {
            MailRequestOutcome::InvalidInput => PAGE.refused(&RESET_VALIDATION_ERROR, email),
            MailRequestOutcome::Accepted => PAGE.accepted(email),
        },
    )
}
