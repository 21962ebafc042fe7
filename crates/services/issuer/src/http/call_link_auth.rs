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
    domain::credential_batches::{BatchKind, BatchOutcome, issue_batch},
    http::{
        batch_events::emit_issued,
        credentials::day_credential,
        problems::{BATCHES_RATE_LIMITED, CALL_LINK_UNAUTHORIZED, INVALID_RANGE},
        range::requested_days,
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

/// Issues one credential per day to use call links.
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
    let days = requested_days(request.uri());
    match issue_batch(&issuer, &caller, BatchKind::CallLinks, days).await? {
        BatchOutcome::RateLimited(after) => {
            Err(Problem::new(&BATCHES_RATE_LIMITED).retry_after(after))
        }
        BatchOutcome::InvalidRange => Err(Problem::new(&INVALID_RANGE)),
        BatchOutcome::BatchIssued(range, batch) => {
            emit_issued(&issuer.events, &caller.account.aci, range, &batch);
            Ok(private(CallLinkAuthResponse {
                call_link_auth_credentials: batch.call_link.iter().map(day_credential).collect(),
            }))
        }
    }
}
