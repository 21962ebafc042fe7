//! `GET /v1/params`: shows the public server params.

use std::sync::Arc;

use anteroom_http_server::{Problem, problems};
use anteroom_protocol::Timestamp;
use anteroom_store::ServerParamsKind;
use anteroom_wire::issuer::{ParamsResponse, PublishedKind, PublishedParams};
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use sha2::{Digest as _, Sha256};

use crate::{domain::issuing_params::PublicParams, state::IssuerState};

/// Short enough for clients to see the next params in time, which are published days ahead.
const CACHE_CONTROL: HeaderValue = HeaderValue::from_static("public, max-age=300");

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
        params: {
            let params = issuer.params.load();
            params.published(issuer.now()).map(published).collect()
        },
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

fn published((params, issuing): (&PublicParams, bool)) -> PublishedParams {
    PublishedParams {
        id: params.id.to_hex(),
        kind: match params.kind {
            ServerParamsKind::Generic => PublishedKind::Generic,
            ServerParamsKind::Group => PublishedKind::Group,
            ServerParamsKind::Guest => PublishedKind::Guest,
            ServerParamsKind::Certificates => PublishedKind::Certificates,
        },
        version: params.version,
        not_before: params.not_before.as_secs(),
        not_after: params.not_after.map(Timestamp::as_secs),
        issuing,
        public_params: params.bytes.as_slice().into(),
    }
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
