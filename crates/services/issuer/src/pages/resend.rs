//! `/account/verify/resend`

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
        limits::RESEND,
        mail_request::Outcome,
        problems::VERIFY_VALIDATION_ERROR,
        resend::{ResendRequest, accept},
    },
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
    issuer.admit(&RESEND, client).await?;
    if let Some(page) = PAGE.without_mail(issuer) {
        return Ok(page);
    }
    let (head, body) = request.into_parts();
    let fields = Form::read(issuer, &head.headers, body).await?;
    let request = ResendRequest {
        email: fields.field("email"),
    };
    let email = request.email.as_str();
    Ok(match accept(issuer, client, &request).await? {
        Outcome::InvalidInput => PAGE.refused(&VERIFY_VALIDATION_ERROR, email),
        Outcome::Accepted => PAGE.accepted(email),
    })
}
