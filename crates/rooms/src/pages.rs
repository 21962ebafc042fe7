//! The pages that a browser opens: the start page, and the one that links lead to.
//!
//! The secrets of a link stand behind the `#` of its address. Browsers send that part to nobody, and
//! these pages have no script that could read it. The page of a link has no addresses of its own to go
//! to: one would replace the link where a browser shows it.

use anteroom_pages::{card, card_style, fixed_page};
use axum::{Router, routing::get};
use maud::{Markup, html};

/// `media_servers` says that calls are on media servers, which the client for the terminal cannot
/// join.
pub(crate) fn router(media_servers: bool) -> Router {
    let call = card("Call", &call(media_servers));
    Router::new()
        .route("/", fixed_page(card("Calls", &start(media_servers))))
        .route("/call", fixed_page(call.clone()))
        .route("/call/", fixed_page(call))
        .route("/style.css", get(card_style))
        .route("/call/style.css", get(card_style))
}

fn start(media_servers: bool) -> Markup {
    html! {
        h1 { "Private calls by link" }
        p {
            "Anteroom is for private group calls by link. This service keeps the rooms. It never \
             learns who has an account, and it cannot read what is said."
        }
        h2 { "Join a call" }
        (steps(media_servers, "the link that you were sent"))
        h2 { "For developers" }
        p { a.way href="docs" { "Read the HTTP API" } }
    }
}

fn call(media_servers: bool) -> Markup {
    html! {
        h1 { "You are invited to a call" }
        p {
            "The address of this page is a link to a private group call. Everybody who has the link \
             can come: send it only over ways you trust."
        }
        h2 { "Join it" }
        (steps(media_servers, "the whole address of this page"))
        p.hint {
            "The secret of the link stands after the # of the address. Your browser has not sent it \
             to this server."
        }
    }
}

fn steps(media_servers: bool, link: &str) -> Markup {
    if media_servers {
        return html! {
            p {
                "Calls of this server are joined with the calling app that the link was made for. \
                 Copy " (link) " and open it there. Browsers and the terminal cannot join."
            }
        };
    }
    html! {
        p { "Calls are joined with a program for the terminal. A browser cannot join them." }
        ol {
            li {
                "Get the program " code { "anteroom" } " and an account from the person who \
                 sent you the link, or from the people who run this server. The program can be \
                 built from its source too: " code { "cargo build --release" } "."
            }
            li {
                "Log in, with the address that came with your account:"
                pre { code { "anteroom login --issuer ADDRESS" } }
            }
            li {
                "Start the program, and paste " (link) " when it asks for it:"
                pre { code { "anteroom call join" } }
            }
        }
    }
}
