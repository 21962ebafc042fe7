//! `/`

use anteroom_pages::{card, fixed_page, program_source};
use axum::routing::MethodRouter;
use maud::{Markup, html};

use crate::{domain::sign_up, settings::SignUp, state::AccountsState};

/// Returns the page at the root URL.
pub(crate) fn page<S: Clone + Send + Sync + 'static>(accounts: &AccountsState) -> MethodRouter<S> {
    let content = html! {
        h1 { "Accounts for private calls" }
        p {
            "Anteroom is for private calls by link. This service keeps the accounts. It never \
             learns which calls an account is in."
        }
        (sign_up_part(accounts))
        (reset_part(accounts))
        h2 { "Log in" }
        p { "Calls are joined with a program for the terminal." }
        (program_source(accounts.login.settings.program_page.as_ref()))
        p { "The program asks for your email address and your password:" }
        pre { code { "anteroom login --issuer " (accounts.login.settings.public_url) } }
        h2 { "For developers" }
        p { a.way href="docs" { "Read the HTTP API" } }
    };
    fixed_page(card("Accounts", &content))
}

fn sign_up_part(accounts: &AccountsState) -> Markup {
    html! {
        h2 { "Sign up" }
        @if sign_up::is_open(accounts) {
            @if accounts.login.settings.sign_up == SignUp::Invite {
                p { "You need an invite code from the people who run this server." }
            }
            p { a.way href="account/signup" { "Get an account" } }
        } @else {
            p { "Nobody can sign up here. Ask the people who run this server for an account." }
        }
    }
}

fn reset_part(accounts: &AccountsState) -> Markup {
    html! {
        h2 { "Forgot your password?" }
        @if accounts.login.mail.is_some() {
            p { a.way href="account/reset" { "Choose a new password" } }
        } @else {
            p { "This server sends no mails. Ask the people who run it for a new password." }
        }
    }
}
