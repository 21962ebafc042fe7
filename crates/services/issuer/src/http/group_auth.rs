//! `GET /v1/certificate/auth/group`: issues group and call-link credentials, one of each per day.

use std::sync::Arc;

use anteroom_accounts::{private, problem_responses};
use anteroom_http_server::{Problem, ProblemKind, RequestClient};
use anteroom_wire::issuer::GroupAuthResponse;
use axum::{
    extract::{Request, State},
    response::Response,
};
use http::{HeaderValue, StatusCode};

use crate::{
    domain::credential_batches::BatchKind,
    http::batches::{DEGRADED, day_credentials, issue},
    state::IssuerState,
};

const UNAUTHORIZED: ProblemKind = ProblemKind {
    code: "GROUP_CRED_UNAUTHORIZED",
    status: StatusCode::UNAUTHORIZED,
    detail: "Authentication required to request group credentials.",
};

problem_responses! {
    GroupAuthProblems:
    400 "`GROUP_CRED_INVALID_RANGE`",
    401 "`GROUP_CRED_UNAUTHORIZED`",
    403 "`GUEST_NOT_ALLOWED`",
    429 "`GROUP_CRED_RATE_LIMITED`" waits,
    503 "`UNAVAILABLE`, `OVERLOADED`",
}

/// Issues one group credential and one call-link credential per day.
#[utoipa::path(
    get,
    path = "/v1/certificate/auth/group",
    tag = "credentials",
    params(
        ("redemptionStartSeconds" = u64, Query, multiple_of = 86_400, example = 1_795_651_200,
            description = "The first day: a midnight UTC, yesterday or later."),
        ("redemptionEndSeconds" = u64, Query, multiple_of = 86_400, example = 1_796_256_000,
            description = "The last day: a midnight UTC, at most 7 days after the first."),
    ),
    responses(
        GroupAuthProblems,
        (status = OK, body = GroupAuthResponse, description = "One credential of each kind per day.",
            headers(("Anteroom-Degraded" = String,
                description = "`group-credentials` when there are no group credentials in it."))),
    ),
    security(("device" = []), ("session" = []))
)]
pub(crate) async fn group_auth(
    State(issuer): State<Arc<IssuerState>>,
    RequestClient(client): RequestClient,
    request: Request,
) -> Result<Response, Problem> {
    let caller = issuer
        .accounts
        .authenticate(request.headers(), client, &UNAUTHORIZED)
        .await?;
    let kind = BatchKind::CallLinksAndGroups;
    let batch = issue(&issuer, &caller, kind, request.uri(), Ok(None)).await?;
    let mut response = private(GroupAuthResponse {
        credentials: day_credentials(batch.group.as_deref().unwrap_or_default()),
        call_link_auth_credentials: day_credentials(&batch.call_link),
        pni: caller.account.pni.map(|pni| pni.to_uuid_string()),
    });
    if batch.group.is_none() {
        let missing = HeaderValue::from_static("group-credentials");
        response.headers_mut().insert(DEGRADED, missing);
    }
    Ok(response)
}
