//! An OpenAPI document as a page to read.
//!
//! The page is one text without script: the browser's own search finds everything in it, and every
//! operation, shape and code has an address.

mod anchor;
mod codes;
mod document;
mod example;
mod operation;
mod page;
mod shape;
mod text;

use std::sync::{Arc, LazyLock};

use anteroom_http_server::{Problem, problems};
use axum::{
    Router,
    body::Bytes,
    response::{IntoResponse as _, Response},
    routing::get,
};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use self::document::Document;
use crate::fixed::{page_response, style_sheet};

const STYLE: &str = concat!(
    include_str!("../styles/scheme.css"),
    include_str!("../styles/docs.css")
);

type LazyPage = LazyLock<Option<Bytes>, Box<dyn FnOnce() -> Option<Bytes> + Send>>;

/// `GET /docs`: the page of an OpenAPI document, which is served beside it as `openapi.json`.
///
/// The first request makes the page, and all answers share it. A document with members that the page
/// does not know makes none: the answer is then 500.
pub fn api_page(description: impl Serialize + Send + 'static) -> Router {
    let make = move || {
        let page = render(&description);
        let report = |error| tracing::error!(%error, "the page of the description cannot be made");
        page.map_err(report).ok().map(Bytes::from)
    };
    let page: Arc<LazyPage> = Arc::new(LazyLock::new(Box::new(make)));
    let answer = || async move {
        match (**page).clone() {
            Some(page) => page_response(page),
            None => Problem::new(&problems::INTERNAL).into_response(),
        }
    };
    Router::new()
        .route("/docs", get(answer))
        .route("/docs/", get(without_slash))
        .route("/docs/style.css", get(|| async { style_sheet(STYLE) }))
}

/// The references of the page start from its address.
async fn without_slash() -> Response {
    let headers = [(header::LOCATION, HeaderValue::from_static("../docs"))];
    (StatusCode::PERMANENT_REDIRECT, headers).into_response()
}

fn render(description: &impl Serialize) -> Result<String, serde_json::Error> {
    let value = serde_json::to_value(description)?;
    let document: Document = serde_json::from_value(value)?;
    Ok(page::page(&document))
}
