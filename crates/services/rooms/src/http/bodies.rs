//! The bodies of requests, and domain types as the bodies of answers.

use anteroom_http_server::{HttpLimits, Problem, bounded_body, problems, require_json};
use anteroom_store::CallLinkRecord;
use anteroom_wire::rooms::LinkStateBody;
use axum::body::Body;
use http::HeaderMap;
use serde::de::DeserializeOwned;

use crate::domain::link_state::link_state;

/// Returns the state of the link as answers show it.
pub(crate) fn link_state_body(link: &CallLinkRecord) -> LinkStateBody {
    LinkStateBody::from(&link_state(link))
}

/// Reads a JSON body.
///
/// # Errors
/// 415 for another type, 413 for a body that is too large, 408 for a body that does not arrive in
/// time, 400 for a body that is not JSON, 422 for JSON of another shape.
pub(crate) async fn json_body<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Body,
    limits: &HttpLimits,
) -> Result<T, Problem> {
    require_json(headers)?;
    let body = bounded_body(body, limits).await?;
    serde_json::from_slice(&body).map_err(|error| {
        Problem::new(if error.is_data() {
            &problems::UNPROCESSABLE
        } else {
            &problems::BAD_REQUEST
        })
    })
}
