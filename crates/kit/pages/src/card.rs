//! The pages with one thing to do or to say: a card in the middle of the screen.

use axum::response::Response;
use maud::{DOCTYPE, Markup, html};

use crate::fixed::style_sheet;

/// The style sheet of [`card`], beside each page.
pub const CARD_STYLE_NAME: &str = "style.css";

const STYLE: &str = concat!(
    include_str!("../styles/scheme.css"),
    include_str!("../styles/card.css")
);

/// A whole page. It names its style sheet [`CARD_STYLE_NAME`].
#[must_use]
pub fn card(title: &str, content: &Markup) -> String {
    let content = html! {
        main.card {
            p.brand { "Anteroom" }
            (content)
        }
    };
    document(title, CARD_STYLE_NAME, &content)
}

/// The style sheet of [`card`].
pub async fn card_style() -> Response {
    style_sheet(STYLE)
}

/// A whole page with this content, which names its style sheet by this relative address.
pub(crate) fn document(title: &str, style: &str, content: &Markup) -> String {
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex, nofollow";
                meta name="color-scheme" content="light dark";
                title { (title) " · Anteroom" }
                link rel="stylesheet" href=(style);
            }
            body { (content) }
        }
    };
    document.into_string()
}
