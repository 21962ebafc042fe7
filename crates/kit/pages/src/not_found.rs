//! The page at an address where there is none.

use axum::{
    body::Bytes,
    extract::{MatchedPath, Request},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{StatusCode, header};
use maud::html;

use crate::{
    card::{CARD_STYLE_NAME, document},
    fixed::page_response,
};

/// Answers a browser with a page where no route is. All others get the answer of the service.
pub async fn not_found_page(request: Request, next: Next) -> Response {
    let is_routed = request.extensions().get::<MatchedPath>().is_some();
    let accepted = request.headers().get_all(header::ACCEPT).iter();
    let takes_page = accepted
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains("text/html"));
    // References are relative to the folder of the address.
    let depth = request.uri().path().matches('/').count().saturating_sub(1);
    let response = next.run(request).await;
    if is_routed || !takes_page || response.status() != StatusCode::NOT_FOUND {
        return response;
    }
    let page = page_response(Bytes::from(page(&"../".repeat(depth))));
    let (parts, _) = response.into_parts();
    let mut answer = (StatusCode::NOT_FOUND, page).into_response();
    for (name, value) in &parts.headers {
        // The length and the type are those of the page.
        if name != header::CONTENT_LENGTH && !answer.headers().contains_key(name) {
            answer.headers_mut().insert(name, value.clone());
        }
    }
    answer
}

/// The page; `root` leads from its address to the start page.
fn page(root: &str) -> String {
    let content = html! {
        main.card {
            p.brand { "Anteroom" }
            h1 { "There is no such page" }
            p { "The address may be incomplete, or be one for programs." }
            p { a.way href={ "./" (root) } { "Go to the start page" } }
        }
    };
    document(
        "No such page",
        &format!("{root}{CARD_STYLE_NAME}"),
        &content,
    )
}
