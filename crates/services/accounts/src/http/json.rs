//! JSON bodies of requests and answers.

use anteroom_http_server::{HttpLimits, Problem, ProblemKind, bounded_body, require_json};
use axum::{
    Json,
    extract::Request,
    response::{IntoResponse as _, Response},
};
use http::{HeaderValue, header};
use serde::{Serialize, de::DeserializeOwned};

/// Reads a JSON body.
///
/// # Errors
/// `invalid` for a body of another shape; 415, 413, 408 and 400 for one that is not JSON, too large,
/// too slow or ends early.
pub(crate) async fn read_json<T: DeserializeOwned>(
    limits: &HttpLimits,
    request: Request,
    invalid: &'static ProblemKind,
) -> Result<T, Problem> {
    require_json(request.headers())?;
    let body = bounded_body(request.into_body(), limits).await?;
    serde_json::from_slice(&body).map_err(|_| Problem::new(invalid))
}

/// Reads a JSON body as [`read_json`] does. An empty body is the default.
///
/// # Errors
/// Those of [`read_json`].
pub(crate) async fn read_optional_json<T: DeserializeOwned + Default>(
    limits: &HttpLimits,
    request: Request,
    invalid: &'static ProblemKind,
) -> Result<T, Problem> {
    let is_json = require_json(request.headers());
    let body = bounded_body(request.into_body(), limits).await?;
    if body.is_empty() {
        return Ok(T::default());
    }
    is_json?;
    serde_json::from_slice(&body).map_err(|_| Problem::new(invalid))
}

/// Returns an answer for one account, marked as not to be stored.
pub fn private<T: Serialize>(body: T) -> Response {
    let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (no_store, Json(body)).into_response()
}
