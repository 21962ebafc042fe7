//! Answers that several endpoints share.

use anteroom_http_server::{Problem, problems};
use anteroom_wire::rooms::{EmptyBody, Reason, ReasonBody};
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

/// 404 with a reason.
pub(crate) fn not_found(reason: Reason) -> Response {
    let mut response = private(ReasonBody { reason });
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

/// 404 with an empty body.
pub(crate) fn no_call() -> Response {
    let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (StatusCode::NOT_FOUND, no_store).into_response()
}

/// 307 to the same request at `url`.
pub(crate) fn redirect(url: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(url) else {
        return Problem::new(&problems::INTERNAL).into_response();
    };
    let headers = [
        (header::LOCATION, location),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (StatusCode::TEMPORARY_REDIRECT, headers).into_response()
}

/// 200 with a body for one caller, marked as not to be stored.
pub(crate) fn private<T: Serialize>(body: T) -> Response {
    let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (no_store, Json(body)).into_response()
}

/// 200 with `{}`.
pub(crate) fn nothing() -> Response {
    private(EmptyBody {})
}
