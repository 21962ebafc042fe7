//! `GET /v1/call-link/auth`: issues credentials to use call links, one per day, and the certificate of a
//! device.

use std::sync::Arc;

use anteroom_accounts::{private, problem_responses};
use anteroom_http_server::{Problem, RequestClient};
use anteroom_wire::issuer::CallLinkAuthResponse;
use axum::{
    extract::{Request, State},
    response::Response,
};
use http::HeaderValue;

use crate::{
    domain::credential_batches::BatchKind,
    http::{
        batches::{DEGRADED, day_credentials, issue},
        identity_key::identity_key,
        problems::CALL_LINK_UNAUTHORIZED,
    },
    state::IssuerState,
};

problem_responses! {
    CallLinkAuthProblems:
    400 "`GROUP_CRED_INVALID_RANGE`, `GROUP_CRED_INVALID_IDENTITY_KEY`",
    401 "`CALL_LINK_UNAUTHORIZED`",
    403 "`GUESTS_OFF`",
    429 "`GROUP_CRED_RATE_LIMITED`" waits,
    503 "`UNAVAILABLE`, `OVERLOADED`",
}

/// Issues one credential per day to use call links, to guests under their own params, and a certificate
/// of the device.
#[utoipa::path(
    get,
    path = "/v1/call-link/auth",
    tag = "credentials",
    params(
        ("redemptionStartSeconds" = u64, Query, multiple_of = 86_400, example = 1_795_651_200,
            description = "The first day: a midnight UTC, yesterday or later."),
        ("redemptionEndSeconds" = u64, Query, multiple_of = 86_400, example = 1_796_256_000,
            description = "The last day: a midnight UTC, at most 7 days after the first."),
        ("Anteroom-Identity-Key" = Option<String>, Header, pattern = "^[A-Za-z0-9_-]{43}$",
            example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            description = "The key of the device's identity, which the certificate names: 32 bytes \
                as base64url."),
    ),
    responses(
        CallLinkAuthProblems,
        (status = OK, body = CallLinkAuthResponse,
            description = "One credential per day, and the certificate if a key was named.",
            headers(("Anteroom-Degraded" = String,
                description = "`certificate` when a key was named and there is no certificate."))),
    ),
    security(("device" = []), ("session" = []))
)]
pub(crate) async fn call_link_auth(
    State(issuer): State<Arc<IssuerState>>,
    RequestClient(client): RequestClient,
    request: Request,
) -> Result<Response, Problem> {
    let caller = issuer
        .accounts
        .authenticate(request.headers(), client, &CALL_LINK_UNAUTHORIZED)
        .await?;
    let identity_key = identity_key(request.headers());
    let is_named = matches!(identity_key, Ok(Some(_)));
    let kind = BatchKind::CallLinks;
    let batch = issue(&issuer, &caller, kind, request.uri(), identity_key).await?;
    let is_degraded = is_named && batch.certificate.is_none();
    let mut response = private(CallLinkAuthResponse {
        call_link_auth_credentials: day_credentials(&batch.call_link),
        certificate: batch.certificate.as_deref().map(Into::into),
    });
    if is_degraded {
        let missing = HeaderValue::from_static("certificate");
        response.headers_mut().insert(DEGRADED, missing);
    }
    Ok(response)
}
