//! The pages that request a mail: an address, a button, and an answer that is the same for every
//! address.

use anteroom_http_server::{Problem, ProblemKind};
use axum::response::Response;
use http::StatusCode;
use maud::{Markup, html};

use super::{
    fields::{address, email_field, email_problem},
    layout::{alert, page, problem_page, way_to_login},
};
use crate::issuer::IssuerState;

/// The texts of such a page.
pub(super) struct MailRequestPage {
    pub(super) title: &'static str,
    /// The URL of the page, relative to itself.
    pub(super) action: &'static str,
    pub(super) introduction: &'static str,
    pub(super) button: &'static str,
    /// The condition for a mail, as text after the address.
    pub(super) condition: &'static str,
    /// The purpose of the link in the mail.
    pub(super) purpose: &'static str,
    pub(super) hint: &'static str,
    /// The next step if the server sends no mails.
    pub(super) without_mail: &'static str,
    /// The URL of the start page, relative to this page.
    pub(super) start: &'static str,
}

impl MailRequestPage {
    /// Shows the empty form.
    pub(super) fn show(&self, issuer: &IssuerState) -> Response {
        self.without_mail(issuer)
            .unwrap_or_else(|| page(StatusCode::OK, self.title, &self.form(None, "")))
    }

    /// Returns the page instead of the form if the server sends no mails.
    pub(super) fn without_mail(&self, issuer: &IssuerState) -> Option<Response> {
        if issuer.login.mail.is_some() {
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
    pub(super) fn refused(&self, kind: &'static ProblemKind, email: &str) -> Response {
        let content = self.form(Some(kind.detail), email);
        problem_page(Problem::new(kind), self.title, &content)
    }

    /// Shows the answer, which is the same with and without a mail.
    pub(super) fn accepted(&self, email: &str) -> Response {
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
