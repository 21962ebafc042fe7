//! What all pages look like.

use anteroom_service::Problem;
use axum::{
    body::Body,
    response::{IntoResponse as _, Response},
};
use http::{HeaderValue, StatusCode, header};
use maud::{DOCTYPE, Markup, html};

use super::STYLE_PATH;
use crate::login::Password;

/// A whole page.
pub(super) fn page(status: StatusCode, title: &str, content: &Markup) -> Response {
    let headers = [(header::CONTENT_TYPE, html_type())];
    (status, headers, document(title, content)).into_response()
}

/// A page in place of a problem document, with the status, the headers and the code of the problem.
pub(super) fn problem_page(problem: Problem, title: &str, content: &Markup) -> Response {
    let mut response = problem.into_response();
    *response.body_mut() = Body::from(document(title, content));
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, html_type());
    response
}

/// A page that says no more than the problem does.
pub(super) fn bare_problem_page(problem: Problem) -> Response {
    let content = html! {
        h1 { "That did not work" }
        (complaint(problem.kind().detail))
    };
    problem_page(problem, "That did not work", &content)
}

/// What is wrong, where it is read out first.
pub(super) fn complaint(text: &str) -> Markup {
    html! { p.complaint role="alert" { (text) } }
}

/// Where an email address is typed.
pub(super) fn email_field(value: &str) -> Markup {
    html! {
        label for="email" { "Email address" }
        input #email name="email" type="email" value=(value) autocomplete="username"
            autocapitalize="none" spellcheck="false" required autofocus;
    }
}

/// Where a new password is typed.
pub(super) fn password_field() -> Markup {
    let (fewest, most) = (Password::MIN_CHARACTERS, Password::MAX_CHARACTERS);
    html! {
        label for="password" { "Password" }
        input #password name="password" type="password" autocomplete="new-password"
            minlength=(fewest) required aria-describedby="password-hint";
        p.hint #password-hint {
            (fewest) " to " (most) " characters. A few words in a row are easy to remember and hard \
             to guess."
        }
    }
}

fn document(title: &str, content: &Markup) -> String {
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex, nofollow";
                meta name="color-scheme" content="light dark";
                title { (title) " · Anteroom" }
                link rel="stylesheet" href=(STYLE_PATH);
            }
            body {
                main {
                    p.brand { "Anteroom" }
                    (content)
                }
            }
        }
    };
    document.into_string()
}

fn html_type() -> HeaderValue {
    HeaderValue::from_static("text/html; charset=utf-8")
}
