//! The pages for browsers: the start page, and the page under which links point.
//!
//! The secrets of a link stand behind the `#` of its address. Browsers do not send that part, and
//! these pages have no script that could read it. The page of a link has no navigation that would
//! replace the link where a browser shows it.

use anteroom_pages::{WebAddress, card, card_style, fixed_page, program_source};
use axum::{Router, routing::get};
use maud::{Markup, html};

use crate::{Media, RoomsSettings};

pub(crate) fn router(settings: &RoomsSettings) -> Router {
    let instructions = JoinInstructions {
        media: &settings.media,
        program: settings.program_page.as_ref(),
    };
    let call = card("Call", &call(instructions));
    Router::new()
        .route("/", fixed_page(card("Calls", &start(instructions))))
        .route("/call", fixed_page(call.clone()))
        .route("/call/", fixed_page(call))
        .route("/style.css", get(card_style))
        .route("/call/style.css", get(card_style))
}

/// The values in the instructions for joining a call.
#[derive(Clone, Copy)]
struct JoinInstructions<'a> {
    /// The terminal program can join embedded calls only.
    media: &'a Media,
    program: Option<&'a WebAddress>,
}

fn start(instructions: JoinInstructions<'_>) -> Markup {
    html! {
        h1 { "Private calls by link" }
        p {
            "Anteroom is for private calls by link. This service keeps the rooms. It never \
             learns who has an account, and it cannot read what is said."
        }
        h2 { "Join a call" }
        (steps(instructions, "the link that you were sent"))
        h2 { "For developers" }
        p { a.way href="docs" { "Read the HTTP API" } }
    }
}

fn call(instructions: JoinInstructions<'_>) -> Markup {
    html! {
        h1 { "You are invited to a call" }
        p {
            "The address of this page is a link to a private call. Everybody who has the link \
             can come: send it only over ways you trust."
        }
        @if !matches!(instructions.media, Media::Sfu(_)) {
            p { "For now it is a conversation in text, without sound and picture." }
        }
        h2 { "Join it" }
        (steps(instructions, "the whole address of this page"))
        p.hint {
            "The secret of the link stands after the # of the address. Your browser has not sent it \
             to this server."
        }
    }
}

fn steps(instructions: JoinInstructions<'_>, link: &str) -> Markup {
    if let Media::Sfu(_) = instructions.media {
        return html! {
            p {
                "Calls of this server are joined with the calling app that the link was made for. \
                 Copy " (link) " and open it there. Browsers and the terminal cannot join."
            }
        };
    }
    html! {
        p { "Calls are joined with a program for the terminal. A browser cannot join them." }
        (program_source(instructions.program))
        ol {
            li {
                "Get an account from the person who sent you the link, or from the people who run this \
                 server."
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
        p {
            "Many links take guests, who have no account and do not log in. Then one command is enough, with the \
             address that the person who sent you the link gives you:"
        }
        pre { code { "anteroom call join --guest --issuer ADDRESS" } }
    }
}
