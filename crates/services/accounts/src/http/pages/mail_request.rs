//! The pages that request a mail: an address, a button, and an answer that is the same for every
//! address.

use std::sync::Arc;

use anteroom_http_server::{Problem, ProblemKind, RequestClient};
use anteroom_runtime::ClientAddress;
use axum::{
    extract::{Request, State},
    response::Response,
    routing::{MethodRouter, get},
};
use http::StatusCode;
use maud::{Markup, html};

use crate::{
    domain::{
        client_limits::{ClientLimit, RESEND, RESET},
        mails::mail_request::{MailRequestOutcome, RequestedMail, request_mail},
        request_reset::RESET_MAIL,
        resend::VERIFICATION_MAIL,
    },
    http::{
        admission::admit,
        pages::{
            fields::{address, email_field, email_problem},
            form::Form,
            layout::{PageProblem, alert, page, problem_page, way_to_login},
        },
        problems::{
            RESET_RATE_LIMITED, RESET_VALIDATION_ERROR, VERIFY_RATE_LIMITED,
            VERIFY_VALIDATION_ERROR,
        },
    },
    state::AccountsState,
};

/// `/account/verify/resend`
pub(crate) const RESEND_PAGE: MailRequestPage = MailRequestPage {
    mail: VERIFICATION_MAIL,
    limit: RESEND,
    rate_limited: &VERIFY_RATE_LIMITED,
    invalid: &VERIFY_VALIDATION_ERROR,
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

/// `/account/reset`
pub(crate) const RESET_PAGE: MailRequestPage = MailRequestPage {
    mail: RESET_MAIL,
    limit: RESET,
    rate_limited: &RESET_RATE_LIMITED,
    invalid: &RESET_VALIDATION_ERROR,
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

/// A page with its limit, its problems and its texts.
pub(crate) struct MailRequestPage {
    mail: RequestedMail,
    limit: ClientLimit,
    rate_limited: &'static ProblemKind,
    /// The problem of a text that is no email address.
    invalid: &'static ProblemKind,
    title: &'static str,
    /// The URL of the page, relative to itself.
    action: &'static str,
    introduction: &'static str,
    button: &'static str,
    /// The condition for a mail, as text after the address.
    condition: &'static str,
    /// The purpose of the link in the mail.
    purpose: &'static str,
    hint: &'static str,
    /// The next step if the server sends no mails.
    without_mail: &'static str,
    /// The URL of the start page, relative to this page.
    start: &'static str,
}

impl MailRequestPage {
    /// Returns the handlers of the page and of its form.
    pub(crate) fn routes(&'static self) -> MethodRouter<Arc<AccountsState>> {
        let show = move |State(accounts): State<Arc<AccountsState>>| async move {
            self.without_mail(&accounts)
                .unwrap_or_else(|| page(StatusCode::OK, self.title, &self.form(None, "")))
        };
        get(show).post(move |State(accounts), RequestClient(client), request| {
            self.submit(accounts, client, request)
        })
    }

    async fn submit(
        &self,
        accounts: Arc<AccountsState>,
        client: ClientAddress,
        request: Request,
    ) -> Result<Response, PageProblem> {
        admit(&accounts.limits, &self.limit, client, self.rate_limited).await?;
        if let Some(page) = self.without_mail(&accounts) {
            return Ok(page);
        }
        let email = Form::read(&accounts.http, request).await?.field("email");
        let email = email.as_str();
        match request_mail(&accounts, client, &self.mail, email).await? {
            MailRequestOutcome::InvalidInput => {
                let content = self.form(Some(self.invalid.detail), email);
                let problem = Problem::new(self.invalid);
                Ok(problem_page(problem, self.title, &content))
            }
            MailRequestOutcome::Accepted => Ok(self.accepted(email)),
        }
    }

    /// Returns the page instead of the form if the server sends no mails.
    fn without_mail(&self, accounts: &AccountsState) -> Option<Response> {
        if accounts.login.mail.is_some() {
            return None;
        }
        let content = html! {
            h1 { (self.title) }
            (alert("This server sends no mails."))
            p { (self.without_mail) }
            (way_to_login(self.start))
        };
        Some(page(StatusCode::FORBIDDEN, self.title, &content))
    }

    /// Shows the answer, which is the same with and without a mail.
    fn accepted(&self, email: &str) -> Response {
        let content = html! {
            h1 { "Check your mail" }
            p {
                "If " (address(email)) " " (self.condition) ", we have sent a mail there. Open the link \
                 in it " (self.purpose) "."
            }
            p.hint { (self.hint) " Look among unwanted mails too." }
        };
        page(StatusCode::ACCEPTED, "Check your mail", &content)
    }

    fn form(&self, problem: Option<&str>, email: &str) -> Markup {
        html! {
            h1 { (self.title) }
            @if let Some(text) = problem { (alert(text)) }
            p { (self.introduction) }
            form method="post" action=(self.action) {
                (email_field(email, problem.and_then(|_| email_problem(email))))
                button { (self.button) }
            }
        }
    }
}
