//! JSON bodies.

use anteroom_http_server::{HttpLimits, Problem, bounded_body, require_json};
use axum::extract::Request;
use serde::de::DeserializeOwned;

/// Reads a JSON body; `None` if it has another shape.
///
/// # Errors
/// 415, 413, 408 and 400 for a body that is not JSON, too large, too slow or ends early.
pub(crate) async fn read_json<T: DeserializeOwned>(
    limits: &HttpLimits,
    request: Request,
) -> Result<Option<T>, Problem> {
    require_json(request.headers())?;
    let body = bounded_body(request.into_body(), limits).await?;
    Ok(serde_json::from_slice(&body).ok())
}

/// Reads a JSON body as [`read_json`] does. An empty body is the default.
///
/// # Errors
/// Those of [`read_json`].
pub(crate) async fn read_optional_json<T: DeserializeOwned + Default>(
    limits: &HttpLimits,
    request: Request,
) -> Result<Option<T>, Problem> {
    let is_json = require_json(request.headers());
    let body = bounded_body(request.into_body(), limits).await?;
    if body.is_empty() {
        return Ok(Some(T::default()));
    }
    is_json?;
    Ok(serde_json::from_slice(&body).ok())
}
