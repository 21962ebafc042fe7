//! The layout of all pages.

use anteroom_http_server::Problem;
use anteroom_pages::card;
use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use maud::{Markup, html};

/// Returns a whole page.
pub(crate) fn page(status: StatusCode, title: &str, content: &Markup) -> Response {
    let headers = [(header::CONTENT_TYPE, html_type())];
    (status, headers, card(title, content)).into_response()
}

/// Returns a page instead of a problem document, with the status, the headers and the code of the
/// problem.
pub(crate) fn problem_page(problem: Problem, title: &str, content: &Markup) -> Response {
    let mut response = problem.into_response();
    *response.body_mut() = Body::from(card(title, content));
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, html_type());
    response
}

/// A page with only the text of the problem.
pub(crate) struct PageProblem(Problem);

impl<E: Into<Problem>> From<E> for PageProblem {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for PageProblem {
    fn into_response(self) -> Response {
        refusal_page(self.0, None)
    }
}

/// Returns a page with the text of the problem and a link: its target and its text.
pub(crate) fn refusal_page(problem: Problem, way_on: Option<(&str, &str)>) -> Response {
    let content = html! {
        h1 { "That did not work" }
        (alert(problem.kind().detail))
        @if let Some((path, text)) = way_on {
            p { a.way href=(path) { (text) } }
        }
    };
    problem_page(problem, "That did not work", &content)
}

/// Returns the text of an error, as an alert for screen readers.
pub(crate) fn alert(text: &str) -> Markup {
    html! { p.complaint role="alert" { (text) } }
}

/// Returns the link to the start page, which explains how to log in.
pub(crate) fn way_to_login(start: &str) -> Markup {
    html! { p { a.way href=(start) { "How to log in" } } }
}

fn html_type() -> HeaderValue {
    HeaderValue::from_static("text/html; charset=utf-8")
}
