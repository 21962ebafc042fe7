//! `/account/signup`

use std::sync::Arc;

use anteroom_http_server::{Problem, RequestClient};
use anteroom_runtime::ClientAddress;
use axum::{
    extract::{Request, State},
    response::Response,
};
use http::{StatusCode, Uri};
use maud::{Markup, html};

use super::{
    fields::{address, email_field, new_email_problem, password_field, password_problem},
    form::{Form, member},
    layout::{alert, bare_problem_page, page, problem_page, way_to_login},
};
use crate::{
    SignUp,
    issuer::IssuerState,
    login::{
        problems::{INVITE_INVALID, SIGN_UP_CLOSED, SIGN_UP_VALIDATION_ERROR},
        sign_up::{Outcome, SignUpRequest, accept, admit, is_open},
    },
};

const TITLE: &str = "Sign up";
const WRONG_INVITE: &str = "Nobody can sign up with this code.";

pub(super) async fn show(State(issuer): State<Arc<IssuerState>>, uri: Uri) -> Response {
    if !is_open(&issuer) {
        return closed();
    }
    let code = member(&uri, "invite");
    page(
        StatusCode::OK,
        TITLE,
        &form(&issuer, &SignUpFormState::nothing(code.as_str())),
    )
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
    let (head, body) = request.into_parts();
    let fields = Form::read(issuer, &head.headers, body).await?;
    let request = SignUpRequest {
        email: fields.field("email"),
        password: fields.field("password"),
        invite_code: Some(fields.field("invite")),
    };
    let again = |kind, wrong_invite| {
        let problem = Problem::new(kind);
        let invite_code = request.invite_code.as_ref();
        let state = SignUpFormState {
            alert: Some(problem.kind().detail),
            email: request.email.as_str(),
            wrong_email: new_email_problem(request.email.as_str()),
            wrong_password: password_problem(request.password.as_str()),
            invite_code: invite_code.map_or("", |code| code.as_str()),
            wrong_invite,
        };
        let content = form(issuer, &state);
        Ok(problem_page(problem, TITLE, &content))
    };
    match accept(issuer, client, &request).await? {
        Outcome::InvalidInput => again(&SIGN_UP_VALIDATION_ERROR, None),
        Outcome::InvalidInvite => again(&INVITE_INVALID, Some(WRONG_INVITE)),
        Outcome::Closed => Ok(closed()),
        Outcome::Accepted => {
            let content = sent(request.email.as_str());
            Ok(page(StatusCode::ACCEPTED, "Check your mail", &content))
        }
    }
}

/// The typed values except the password, and their errors.
struct SignUpFormState<'a> {
    alert: Option<&'a str>,
    email: &'a str,
    wrong_email: Option<&'a str>,
    wrong_password: Option<&'a str>,
    invite_code: &'a str,
    wrong_invite: Option<&'a str>,
}

impl<'a> SignUpFormState<'a> {
    /// Returns an empty form with the code of the link.
    const fn nothing(invite_code: &'a str) -> Self {
        Self {
            alert: None,
            email: "",
            wrong_email: None,
            wrong_password: None,
            invite_code,
            wrong_invite: None,
        }
    }
}

fn form(issuer: &IssuerState, state: &SignUpFormState<'_>) -> Markup {
    let is_by_invitation = issuer.login.settings.sign_up == SignUp::Invite;
    html! {
        h1 { "Sign up" }
        @if let Some(text) = state.alert { (alert(text)) }
        form method="post" action="signup" {
            (email_field(state.email, state.wrong_email))
            (password_field("Password", state.wrong_password, false))
            @if is_by_invitation {
                label for="invite" { "Invite code" }
                input #invite name="invite" type="text" value=(state.invite_code)
                    autocomplete="off" autocapitalize="none" spellcheck="false" required
                    aria-invalid=[state.wrong_invite.map(|_| "true")]
                    aria-describedby=[state.wrong_invite.map(|_| "invite-problem")];
                @if let Some(text) = state.wrong_invite {
                    p.problem #invite-problem { (text) }
                }
            }
            button { "Sign up" }
        }
    }
}

/// Returns the page instead of the form if sign-up is closed.
fn closed() -> Response {
    let problem = Problem::new(&SIGN_UP_CLOSED);
    let content = html! {
        h1 { (TITLE) }
        (alert(problem.kind().detail))
        (way_to_login("../"))
    };
    problem_page(problem, TITLE, &content)
}

fn sent(email: &str) -> Markup {
    html! {
        h1 { "Check your mail" }
        p { "We have sent a mail to " (address(email)) ". Open the link in it to go on." }
        p.hint { "The link works for one day. Look among unwanted mails too." }
        p { a.way href="verify/resend" { "Send the mail once more" } }
    }
}
