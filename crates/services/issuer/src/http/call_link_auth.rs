//! `GET /v1/call-link/auth`: issues credentials to use call links, one per day.

use std::sync::Arc;

use anteroom_accounts::{private, problem_responses};
use anteroom_http_server::{Problem, RequestClient};
use anteroom_wire::issuer::CallLinkAuthResponse;
use axum::{
    extract::{Request, State},
    response::Response,
};

use crate::{
    domain::credential_batches::BatchKind,
    http::{
        batches::{day_credentials, issue},
        problems::CALL_LINK_UNAUTHORIZED,
    },
    state::IssuerState,
};

problem_responses! {
    CallLinkAuthProblems:
    400 "`GROUP_CRED_INVALID_RANGE`",
    401 "`CALL_LINK_UNAUTHORIZED`",
    429 "`GROUP_CRED_RATE_LIMITED`" waits,
    503 "`UNAVAILABLE`, `OVERLOADED`",
}

/// Issues one credential per day to use call links, to guests under their own params.
#[utoipa::path(
    get,
    path = "/v1/call-link/auth",
    tag = "credentials",
    params(
        ("redemptionStartSeconds" = u64, Query, multiple_of = 86_400, example = 1_795_651_200,
            description = "The first day: a midnight UTC, yesterday or later."),
        ("redemptionEndSeconds" = u64, Query, multiple_of = 86_400, example = 1_796_256_000,
            description = "The last day: a midnight UTC, at most 7 days after the first."),
    ),
    responses(
        CallLinkAuthProblems,
        (status = OK, body = CallLinkAuthResponse, description = "One credential per day."),
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
    let batch = issue(&issuer, &caller, BatchKind::CallLinks, request.uri()).await?;
    Ok(private(CallLinkAuthResponse {
        call_link_auth_credentials: day_credentials(&batch.call_link),
    }))
}
