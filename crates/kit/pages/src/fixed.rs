//! Pages and style sheets that are the same for everybody.

use axum::{
    body::{Body, Bytes},
    response::{IntoResponse as _, Response},
    routing::{MethodRouter, get},
};
use http::{HeaderName, HeaderValue, header};

/// Nothing but the style sheet is loaded, no script runs, nothing is sent, and no other page may
/// show these in a frame.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; form-action 'none'; base-uri 'none'; \
     frame-ancestors 'none'",
);
/// Five minutes, so that the page of a new release is soon seen.
const PAGE_CACHE: HeaderValue = HeaderValue::from_static("public, max-age=300");
const STYLE_CACHE: HeaderValue = HeaderValue::from_static("public, max-age=3600");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// A page without forms. All answers share one text.
pub fn fixed_page<S: Clone + Send + Sync + 'static>(page: String) -> MethodRouter<S> {
    let page = Bytes::from(page);
    get(move || async move { page_response(page) })
}

/// A page without forms, as an answer.
pub(crate) fn page_response(page: Bytes) -> Response {
    let fixed = HeaderValue::from_static;
    let headers = [
        (header::CONTENT_TYPE, fixed("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, fixed("no-referrer")),
        (header::X_CONTENT_TYPE_OPTIONS, NOSNIFF),
        (header::X_FRAME_OPTIONS, fixed("DENY")),
        (header::CACHE_CONTROL, PAGE_CACHE),
        (
            HeaderName::from_static("x-robots-tag"),
            fixed("noindex, nofollow"),
        ),
    ];
    (headers, Body::from(page)).into_response()
}

/// A style sheet, as an answer.
pub(crate) fn style_sheet(style: &'static str) -> Response {
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/css; charset=utf-8"),
        ),
        (header::CACHE_CONTROL, STYLE_CACHE),
        (header::X_CONTENT_TYPE_OPTIONS, NOSNIFF),
    ];
    (headers, style).into_response()
}
