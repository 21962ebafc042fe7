//! `/account/reset`

use std::sync::Arc;

use anteroom_http_server::{Problem, RequestClient};
use anteroom_runtime::ClientAddress;
use axum::{
    extract::{Request, State},
    response::Response,
};

use super::{form::Form, layout::bare_problem_page, mail_request::MailRequestPage};
use crate::{
    issuer::IssuerState,
    login::{
        mail_request::Outcome,
        problems::RESET_VALIDATION_ERROR,
        request_reset::{ResetRequest, accept, admit},
    },
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

pub(super) async fn show(State(issuer): State<Arc<IssuerState>>) -> Response {
    PAGE.show(&issuer)
}

pub(super) async fn submit(
    State(issuer): State<Arc<IssuerState>>,
    RequestClient(client): RequestClient,
    request: Request,
) -> Response {
    decide(&issuer, client, request)
        .await
        .unwrap_or_else(bare_problem_page)
}

/// # Errors
/// Too many requests, a body of another type or size, and an unavailable database.
async fn decide(
    issuer: &Arc<IssuerState>,
    client: ClientAddress,
    request: Request,
) -> Result<Response, Problem> {
    admit(issuer, client).await?;
    if let Some(page) = PAGE.without_mail(issuer) {
        return Ok(page);
    }
    let (head, body) = request.into_parts();
    let fields = Form::read(issuer, &head.headers, body).await?;
    let request = ResetRequest {
        email: fields.field("email"),
    };
    let email = request.email.as_str();
    Ok(match accept(issuer, client, &request).await? {
        Outcome::InvalidInput => PAGE.refused(&RESET_VALIDATION_ERROR, email),
        Outcome::Accepted => PAGE.accepted(email),
    })
}
