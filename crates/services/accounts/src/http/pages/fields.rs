//! Form fields, and their errors.

use anteroom_store::{Email, NewEmailError};
use maud::{Markup, html};

use crate::domain::passwords::password::Password;

/// Returns the error of an email address; `None` if it is valid.
pub(crate) fn email_problem(text: &str) -> Option<&'static str> {
    Email::parse(text)
        .is_err()
        .then_some("This does not look like an email address.")
}

/// Returns the error of the email address of a new account; `None` if it is valid.
pub(crate) fn new_email_problem(text: &str) -> Option<&'static str> {
    match Email::parse_new(text) {
        Ok(_) => None,
        Err(NewEmailError::Invalid(_)) => email_problem(text),
        Err(NewEmailError::CompatibilityForm) => {
            Some("This has letters of another width or form. Please write it in plain letters.")
        }
    }
}

/// Returns the error of a new password; `None` if it is valid.
pub(crate) fn password_problem(text: &str) -> Option<&'static str> {
    Password::parse(text)
        .is_err()
        .then_some("This is too short or too long for a password.")
}

/// Returns the field of an email address.
///
/// Browsers would rewrite or refuse addresses in other scripts in a field of type `email`.
pub(crate) fn email_field(value: &str, problem: Option<&str>) -> Markup {
    html! {
        label for="email" { "Email address" }
        input #email name="email" type="text" inputmode="email" dir="auto" value=(value)
            autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus
            aria-invalid=[problem.map(|_| "true")]
            aria-describedby=[problem.map(|_| "email-problem")];
        @if let Some(text) = problem {
            p.problem #email-problem { (text) }
        }
    }
}

/// Returns the field of a new password, the only field of its form or one after others.
pub(crate) fn password_field(label: &str, problem: Option<&str>, is_only: bool) -> Markup {
    let (fewest, most) = (Password::MIN_CHARACTERS, Password::MAX_CHARACTERS);
    let described_by = match problem {
        Some(_) => "password-problem password-hint",
        None => "password-hint",
    };
    html! {
        label for="password" { (label) }
        input #password name="password" type="password" autocomplete="new-password"
            minlength=(fewest) required autofocus[is_only]
            aria-invalid=[problem.map(|_| "true")] aria-describedby=(described_by);
        @if let Some(text) = problem {
            p.problem #password-problem { (text) }
        }
        p.hint #password-hint {
            (fewest) " to " (most) " characters. A few words in a row are easy to remember and hard \
             to guess."
        }
    }
}

/// Returns an address within a sentence, isolated from the direction of the text around it.
pub(crate) fn address(text: &str) -> Markup {
    html! { bdi.address { (text.trim()) } }
}
