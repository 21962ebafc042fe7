//! `GET /v1/params`: shows the public server params.

use std::sync::Arc;

use anteroom_http_server::{Problem, problems};
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use crate::{issuer::IssuerState, wire::Base64};

/// Short enough for clients to see the next params in time, which are published days ahead.
const CACHE_CONTROL: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// The purpose of server params.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PublishedKind {
    /// Call-link credentials.
    Generic,
    /// Group credentials and endorsements.
    Group,
}

/// Public params and the time of their validity.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PublishedParams {
    /// The first 8 bytes of the SHA-256 of the params, in hex.
    #[schema(pattern = "^[0-9a-f]{16}$", example = "fa3203c7600f720c")]
    pub(crate) id: String,
    /// The purpose of the params.
    pub(crate) kind: PublishedKind,
    /// The version byte: 0 legacy, 1 standard.
    pub(crate) version: u8,
    /// The time from which they issue, in seconds since 1970.
    pub(crate) not_before: u64,
    /// The time from which they are invalid, in seconds since 1970; missing while no end is set.
    pub(crate) not_after: Option<u64>,
    /// Whether they issue credentials at the moment. At most one of each kind does.
    pub(crate) issuing: bool,
    /// The bytes of the params.
    pub(crate) public_params: Base64,
}

#[derive(Serialize, ToSchema)]
struct ParamsResponse {
    /// Current, future and past params, newest first.
    params: Vec<PublishedParams>,
}

/// Shows the public server params.
#[utoipa::path(
    get,
    path = "/v1/params",
    tag = "params",
    params(("If-None-Match" = Option<String>, Header, description = "The `ETag` of a kept copy.")),
    responses(
        (status = OK, body = ParamsResponse, description = "The params.",
            headers(("ETag" = String), ("Cache-Control" = String))),
        (status = NOT_MODIFIED, description = "The kept copy still holds."),
    )
)]
pub(crate) async fn params(State(issuer): State<Arc<IssuerState>>, headers: HeaderMap) -> Response {
    let response = ParamsResponse {
        params: issuer.params.current().published(issuer.now()),
    };
    let Ok(body) = serde_json::to_vec(&response) else {
        return Problem::new(&problems::INTERNAL).into_response();
    };
    let digest = hex::encode(Sha256::digest(&body));
    let tag = format!("\"{digest}\"");
    let cached = [
        (header::CACHE_CONTROL, CACHE_CONTROL),
        (
            header::ETAG,
            HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("")),
        ),
    ];
    if is_not_modified(&headers, &tag) {
        return (StatusCode::NOT_MODIFIED, cached).into_response();
    }
    let json = [(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    )];
    (cached, json, body).into_response()
}

/// Returns whether `If-None-Match` contains the tag or `*` (RFC 9110, section 13.1.2: a weak
/// comparison).
fn is_not_modified(headers: &HeaderMap, tag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|kept| kept == "*" || kept.strip_prefix("W/").unwrap_or(kept) == tag)
}
