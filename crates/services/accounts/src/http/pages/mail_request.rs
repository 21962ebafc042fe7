//! The pages that request a mail: an address, a button, and an answer that is the same for every
//! address.

use anteroom_http_server::{Problem, ProblemKind};
use axum::response::Response;
use http::StatusCode;
use maud::{Markup, html};

use crate::{
    http::pages::{
        fields::{address, email_field, email_problem},
        layout::{alert, page, problem_page, way_to_login},
    },
    state::AccountsState,
};

/// The texts of such a page.
pub(crate) struct MailRequestPage {
    pub(crate) title: &'static str,
    /// The URL of the page, relative to itself.
    pub(crate) action: &'static str,
    pub(crate) introduction: &'static str,
    pub(crate) button: &'static str,
    /// The condition for a mail, as text after the address.
    pub(crate) condition: &'static str,
    /// The purpose of the link in the mail.
    pub(crate) purpose: &'static str,
    pub(crate) hint: &'static str,
    /// The next step if the server sends no mails.
    pub(crate) without_mail: &'static str,
    /// The URL of the start page, relative to this page.
    pub(crate) start: &'static str,
}

impl MailRequestPage {
    /// Shows the empty form.
    pub(crate) fn show(&self, accounts: &AccountsState) -> Response {
        self.without_mail(accounts)
            .unwrap_or_else(|| page(StatusCode::OK, self.title, &self.form(None, "")))
    }

    /// Returns the page instead of the form if the server sends no mails.
    pub(crate) fn without_mail(&self, accounts: &AccountsState) -> Option<Response> {
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

    /// Shows the form again, with its error.
    pub(crate) fn refused(&self, kind: &'static ProblemKind, email: &str) -> Response {
        let content = self.form(Some(kind.detail), email);
        problem_page(Problem::new(kind), self.title, &content)
    }

    /// Shows the answer, which is the same with and without a mail.
    pub(crate) fn accepted(&self, email: &str) -> Response {
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
