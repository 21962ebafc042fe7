//! Answers that several endpoints share.

use anteroom_http_server::{Problem, problems};
use anteroom_wire::rooms::{EmptyBody, Reason, ReasonBody};
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

const NO_STORE: [(HeaderName, &str); 1] = [(header::CACHE_CONTROL, "no-store")];

/// 404 with a reason.
pub(crate) fn not_found(reason: Reason) -> Response {
    let mut response = private(ReasonBody { reason });
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

/// 404 with an empty body.
pub(crate) fn no_call() -> Response {
    (StatusCode::NOT_FOUND, NO_STORE).into_response()
}

/// 307 to the same request at `url`.
pub(crate) fn redirect(url: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(url) else {
        return Problem::new(&problems::INTERNAL).into_response();
    };
    let location = [(header::LOCATION, location)];
    (StatusCode::TEMPORARY_REDIRECT, location, NO_STORE).into_response()
}

/// 200 with a body for one caller, marked as not to be stored.
pub(crate) fn private<T: Serialize>(body: T) -> Response {
    (NO_STORE, Json(body)).into_response()
}

/// 200 with `{}`.
pub(crate) fn nothing() -> Response {
    private(EmptyBody {})
}
