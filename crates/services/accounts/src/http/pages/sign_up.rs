//! `/account/signup`

use std::sync::Arc;

use anteroom_http_server::{Problem, RequestClient};
use axum::{
    extract::{Request, State},
    response::Response,
};
use http::{StatusCode, Uri};
use maud::{Markup, html};

use crate::{
    domain::{
        client_limits::SIGN_UP,
        sign_up::{self, SignUpApplication, SignUpOutcome, is_open},
    },
    http::{
        admission::admit,
        pages::{
            fields::{address, email_field, new_email_problem, password_field, password_problem},
            form::{Form, member},
            layout::{PageProblem, alert, page, problem_page, way_to_login},
        },
        problems::{
            INVITE_INVALID, SIGN_UP_CLOSED, SIGN_UP_RATE_LIMITED, SIGN_UP_VALIDATION_ERROR,
        },
    },
    settings::SignUp,
    state::AccountsState,
};

const TITLE: &str = "Sign up";
const WRONG_INVITE: &str = "Nobody can sign up with this code.";

pub(crate) async fn show(State(accounts): State<Arc<AccountsState>>, uri: Uri) -> Response {
    if !is_open(&accounts) {
        return closed();
    }
    let code = member(&uri, "invite");
    let state = SignUpFormState {
        invite_code: code.as_str(),
        ..SignUpFormState::default()
    };
    page(StatusCode::OK, TITLE, &form(&accounts, &state))
}

pub(crate) async fn submit(
    State(accounts): State<Arc<AccountsState>>,
    RequestClient(client): RequestClient,
    request: Request,
) -> Result<Response, PageProblem> {
    admit(&accounts.limits, &SIGN_UP, client, &SIGN_UP_RATE_LIMITED).await?;
    let fields = Form::read(&accounts.http, request).await?;
    let email = fields.field("email");
    let password = fields.field("password");
    let invite_code = fields.field("invite");
    let application = SignUpApplication {
        email: email.as_str(),
        password: password.as_str(),
        invite_code: Some(invite_code.as_str()),
    };
    let again = |kind, wrong_invite| {
        let problem = Problem::new(kind);
        let state = SignUpFormState {
            alert: Some(problem.kind().detail),
            email: application.email,
            wrong_email: new_email_problem(application.email),
            wrong_password: password_problem(application.password),
            invite_code: invite_code.as_str(),
            wrong_invite,
        };
        let content = form(&accounts, &state);
        Ok(problem_page(problem, TITLE, &content))
    };
    match sign_up::sign_up(&accounts, client, &application).await? {
        SignUpOutcome::InvalidInput => again(&SIGN_UP_VALIDATION_ERROR, None),
        SignUpOutcome::InvalidInvite => again(&INVITE_INVALID, Some(WRONG_INVITE)),
        SignUpOutcome::Closed => Ok(closed()),
        SignUpOutcome::Accepted => {
            let content = sent(application.email);
            Ok(page(StatusCode::ACCEPTED, "Check your mail", &content))
        }
    }
}

/// The typed values except the password, and their errors.
#[derive(Default)]
struct SignUpFormState<'a> {
    alert: Option<&'a str>,
    email: &'a str,
    wrong_email: Option<&'a str>,
    wrong_password: Option<&'a str>,
    invite_code: &'a str,
    wrong_invite: Option<&'a str>,
}

fn form(accounts: &AccountsState, state: &SignUpFormState<'_>) -> Markup {
    let is_by_invitation = accounts.login.settings.sign_up == SignUp::Invite;
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
