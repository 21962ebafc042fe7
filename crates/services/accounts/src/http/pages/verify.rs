//! `/account/verify`

use std::sync::Arc;

use anteroom_http_server::{Problem, RequestClient};
use axum::{
    extract::{Request, State},
    response::Response,
};
use http::{StatusCode, Uri};
use maud::html;

use crate::{
    domain::{
        client_limits::VERIFY,
        verify_email::{self, VerifyOutcome},
    },
    http::{
        admission::admit,
        pages::{
            form::{Form, member},
            layout::{PageProblem, page, refusal_page, way_to_login},
        },
        problems::{VERIFY_LINK_INVALID, VERIFY_RATE_LIMITED},
    },
    state::AccountsState,
};

const TITLE: &str = "Confirm your email address";

/// Shows the form. The token is used only by the button.
pub(crate) async fn show(uri: Uri) -> Response {
    let token = member(&uri, "token");
    let content = html! {
        h1 { (TITLE) }
        p { "Press the button, and you can log in." }
        form method="post" action="verify" {
            input type="hidden" name="token" value=(token.as_str());
            button autofocus { "Confirm" }
        }
    };
    page(StatusCode::OK, TITLE, &content)
}

pub(crate) async fn submit(
    State(accounts): State<Arc<AccountsState>>,
    RequestClient(client): RequestClient,
    request: Request,
) -> Result<Response, PageProblem> {
    admit(&accounts.limits, &VERIFY, client, &VERIFY_RATE_LIMITED).await?;
    let fields = Form::read(&accounts.http, request).await?;
    let token = fields.field("token");
    match verify_email::verify_email(&accounts.storage, token.as_str()).await? {
        VerifyOutcome::LinkInvalid => {
            let way_on = Some(("verify/resend", "Ask for a new link"));
            Ok(refusal_page(Problem::new(&VERIFY_LINK_INVALID), way_on))
        }
        VerifyOutcome::Verified => {
            let content = html! {
                h1 { "Welcome" }
                p { "Your email address is confirmed. You can log in now." }
                (way_to_login("../"))
            };
            Ok(page(StatusCode::OK, "Welcome", &content))
        }
        VerifyOutcome::VerifiedBefore => {
            let content = html! {
                h1 { "Already confirmed" }
                p { "Your email address is confirmed already. You can log in." }
                (way_to_login("../"))
            };
            Ok(page(StatusCode::OK, "Already confirmed", &content))
        }
    }
}
