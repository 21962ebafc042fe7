//! `/account/reset/confirm`

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
        client_limits::RESET,
        confirm_reset::{self, ResetConfirmation, ResetOutcome},
    },
    http::{
        admission::admit,
        pages::{
            fields::{password_field, password_problem},
            form::{Form, member},
            layout::{PageProblem, alert, page, problem_page, refusal_page, way_to_login},
        },
        problems::{RESET_LINK_INVALID, RESET_RATE_LIMITED, RESET_VALIDATION_ERROR},
    },
    state::AccountsState,
};

const TITLE: &str = "Choose a new password";

/// Shows the form. The token is used only by the button.
pub(crate) async fn show(uri: Uri) -> Response {
    let token = member(&uri, "token");
    page(StatusCode::OK, TITLE, &form(None, token.as_str()))
}

pub(crate) async fn submit(
    State(accounts): State<Arc<AccountsState>>,
    RequestClient(client): RequestClient,
    request: Request,
) -> Result<Response, PageProblem> {
    admit(&accounts.limits, &RESET, client, &RESET_RATE_LIMITED).await?;
    let fields = Form::read(&accounts.http, request).await?;
    let (token, password) = (fields.field("token"), fields.field("password"));
    let confirmation = ResetConfirmation {
        token: token.as_str(),
        password: password.as_str(),
        keeps_devices: fields.field("keep").as_str() == "yes",
    };
    match confirm_reset::confirm_reset(&accounts, client, &confirmation).await? {
        ResetOutcome::InvalidInput => {
            let problem = Problem::new(&RESET_VALIDATION_ERROR);
            let wrong = password_problem(password.as_str());
            let alert = Some((problem.kind().detail, wrong));
            let content = form(alert, token.as_str());
            Ok(problem_page(problem, TITLE, &content))
        }
        ResetOutcome::LinkInvalid => {
            let way_on = Some(("../reset", "Ask for a new link"));
            Ok(refusal_page(Problem::new(&RESET_LINK_INVALID), way_on))
        }
        ResetOutcome::Reset => {
            let content = html! {
                h1 { "Your password is changed" }
                p { "You can log in with the new one. All sessions of your account have ended." }
                (way_to_login("../../"))
            };
            Ok(page(StatusCode::OK, "Your password is changed", &content))
        }
    }
}

/// Returns the check box, off by default: a device that the owner does not know must not outlast a
/// new password.
fn keep_field() -> Markup {
    html! {
        label.choice for="keep" {
            input #keep name="keep" type="checkbox" value="yes" aria-describedby="keep-hint";
            " Keep devices that have a password of their own"
        }
        p.hint #keep-hint {
            "Otherwise they are deleted, since somebody else may have added one. Devices that log in \
             with your new password stay as they are."
        }
    }
}

/// Returns the form. The second part of `problem` concerns the password.
fn form(problem: Option<(&str, Option<&str>)>, token: &str) -> Markup {
    html! {
        h1 { (TITLE) }
        @if let Some((text, _)) = problem { (alert(text)) }
        form method="post" action="confirm" {
            input type="hidden" name="token" value=(token);
            (password_field("New password", problem.and_then(|(_, wrong)| wrong), true))
            (keep_field())
            button { "Change the password" }
        }
    }
}
