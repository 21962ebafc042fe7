//! JSON shapes that several endpoints share.

use anteroom_call::Participant;
use anteroom_http_server::{HttpLimits, Problem, bounded_body, problems, require_json};
pub(crate) use anteroom_wire::{
    Base64,
    rooms::{LinkStateBody, RestrictionsBody},
};
use axum::{
    Json,
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Serialize, de::DeserializeOwned};
use utoipa::ToSchema;

/// A device in a call. Only admins in the call see the user id of a pending device.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ParticipantBody {
    /// Hex in lower case.
    #[serde(skip_serializing_if = "Option::is_none")]
    opaque_user_id: Option<String>,
    demux_id: u32,
}

impl ParticipantBody {
    pub(crate) fn new(user: Option<&str>, demux_id: u32) -> Self {
        Self {
            opaque_user_id: user.map(str::to_owned),
            demux_id,
        }
    }
}

impl From<&Participant> for ParticipantBody {
    fn from(participant: &Participant) -> Self {
        let user = participant.opaque_user_id.as_ref();
        Self::new(
            user.map(anteroom_protocol::OpaqueUserId::as_str),
            participant.demux_id.value(),
        )
    }
}

/// `{"reason": ...}`: the reason for a 404.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Reason {
    /// The link is revoked or expired.
    Expired,
    /// The link does not exist.
    Invalid,
}

/// The body of a 404 with a reason.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReasonBody {
    reason: Reason,
}

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

/// `{}`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EmptyBody {}

/// 200 with `{}`.
pub(crate) fn nothing() -> Response {
    private(EmptyBody {})
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
