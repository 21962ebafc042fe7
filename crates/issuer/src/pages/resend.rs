//! `/account/verify/resend`

use std::sync::Arc;

use anteroom_service::{ClientAddress, Problem};
use axum::{
    extract::{Request, State},
    response::Response,
};
use http::StatusCode;
use maud::{Markup, html};

use super::{
    fields::{address, email_field, email_problem},
    form::Form,
    layout::{bare_problem_page, complaint, page, problem_page},
};
use crate::{
    issuer::Core,
    login::{
        limits::RESEND,
        problems::VERIFY_VALIDATION_ERROR,
        resend::{Outcome, ResendRequest, accept},
    },
};

const TITLE: &str = "Confirm your email address";

pub(super) async fn show() -> Response {
    page(StatusCode::OK, TITLE, &form(None, ""))
}

pub(super) async fn submit(
    State(issuer): State<Arc<Core>>,
    client: ClientAddress,
    request: Request,
) -> Response {
    decide(&issuer, client, request)
        .await
        .unwrap_or_else(bare_problem_page)
}

/// # Errors
/// Too many requests, a body of another type or size, and what is gone for now.
async fn decide(
    issuer: &Arc<Core>,
    client: ClientAddress,
    request: Request,
) -> Result<Response, Problem> {
    issuer.admit(&RESEND, client).await?;
    let (head, body) = request.into_parts();
    let fields = Form::read(issuer, &head.headers, body).await?;
    let request = ResendRequest {
        email: fields.field("email"),
    };
    match accept(issuer, &request).await? {
        Outcome::InvalidInput => {
            let problem = Problem::new(&VERIFY_VALIDATION_ERROR);
            let content = form(Some(problem.kind().detail), request.email.as_str());
            Ok(problem_page(problem, TITLE, &content))
        }
        Outcome::Accepted => {
            let content = html! {
                h1 { "Check your mail" }
                p {
                    "If " (address(request.email.as_str())) " waits to be confirmed, we have sent a mail \
                     there. Open the link in it to go on."
                }
                p.hint { "The links of earlier mails do not work any more. Look among unwanted mails too." }
            };
            Ok(page(StatusCode::ACCEPTED, "Check your mail", &content))
        }
    }
}

fn form(problem: Option<&str>, email: &str) -> Markup {
    html! {
        h1 { (TITLE) }
        @if let Some(text) = problem { (complaint(text)) }
        p { "Type the email address that you signed up with. We send you a new link." }
        form method="post" action="/account/verify/resend" {
            (email_field(email, problem.and_then(|_| email_problem(email))))
            button { "Send the link" }
        }
    }
}
