//! `/account/signup`

use std::sync::Arc;

use anteroom_service::{ClientAddress, Problem};
use axum::{
    extract::{Request, State},
    response::Response,
};
use http::{StatusCode, Uri};
use maud::{Markup, html};

use super::{
    form::{Form, member},
    layout::{bare_problem_page, complaint, email_field, page, password_field, problem_page},
};
use crate::{
    SignUp,
    issuer::Core,
    login::{
        problems::{INVITE_INVALID, SIGN_UP_CLOSED, VALIDATION_ERROR},
        sign_up::{Outcome, SignUpRequest, accept, admit, is_open},
    },
};

const TITLE: &str = "Sign up";

pub(super) async fn show(State(issuer): State<Arc<Core>>, uri: Uri) -> Response {
    if !is_open(&issuer) {
        return bare_problem_page(Problem::new(&SIGN_UP_CLOSED));
    }
    let code = member(&uri, "invite");
    page(
        StatusCode::OK,
        TITLE,
        &form(&issuer, None, "", code.as_str()),
    )
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
    issuer: &Core,
    client: ClientAddress,
    request: Request,
) -> Result<Response, Problem> {
    admit(issuer, client).await?;
    let (head, body) = request.into_parts();
    let fields = Form::read(issuer, &head.headers, body).await?;
    let request = SignUpRequest {
        email: fields.field("email"),
        password: fields.field("password"),
        invite_code: Some(fields.field("invite")),
    };
    let again = |kind| {
        let problem = Problem::new(kind);
        let code = request
            .invite_code
            .as_ref()
            .map_or("", |code| code.as_str());
        let complaint = Some(problem.kind().detail);
        let content = form(issuer, complaint, request.email.as_str(), code);
        Ok(problem_page(problem, TITLE, &content))
    };
    match accept(issuer, &request).await? {
        Outcome::InvalidInput => again(&VALIDATION_ERROR),
        Outcome::InvalidInvite => again(&INVITE_INVALID),
        Outcome::Closed => Err(Problem::new(&SIGN_UP_CLOSED)),
        Outcome::Accepted => Ok(page(StatusCode::ACCEPTED, "Check your mail", &sent())),
    }
}

fn form(issuer: &Core, problem: Option<&str>, email: &str, code: &str) -> Markup {
    let is_by_invitation = issuer.login.settings.sign_up == SignUp::Invite;
    html! {
        h1 { "Sign up" }
        @if let Some(text) = problem { (complaint(text)) }
        form method="post" action="/account/signup" {
            (email_field(email))
            (password_field())
            @if is_by_invitation {
                label for="invite" { "Invite code" }
                input #invite name="invite" value=(code) autocomplete="off" autocapitalize="none"
                    spellcheck="false" required;
            }
            button { "Sign up" }
        }
    }
}

fn sent() -> Markup {
    html! {
        h1 { "Check your mail" }
        p { "We have sent you a mail. Open the link in it to go on." }
    }
}
