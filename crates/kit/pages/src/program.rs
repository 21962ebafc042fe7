//! Where people get the program for the terminal.

use maud::{Markup, html};

use crate::WebAddress;

/// A paragraph about the places to get the program from; `page` is the operator's page about it.
///
/// The page opens beside this one: the address of this one may be a link that somebody was sent.
#[must_use]
pub fn program_source(page: Option<&WebAddress>) -> Markup {
    html! {
        @if let Some(page) = page {
            p {
                a.way href=(page) target="_blank" rel="noopener noreferrer" {
                    "Get the program anteroom"
                }
            }
        } @else {
            p {
                "The people who run this server give you the program " code { "anteroom" } ". It can \
                 be built from its source too: " code { "cargo build --release" } "."
            }
        }
    }
}
