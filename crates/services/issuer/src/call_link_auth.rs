//! `GET /v1/call-link/auth`: issues credentials to use call links, one per day.

use std::sync::Arc;

use anteroom_http_server::{Problem, ProblemDocument, problems};
use anteroom_protocol::{Aci, CredentialBatch, GenericSecretParams, VerifyError};
use anteroom_runtime::{Entropy, RetryAfter};
use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    account_limit::AccountRequest,
    auth::{Caller, unauthenticated},
    create_auth::UNAUTHORIZED,
    issuer::{IssuerState, no_params},
    range::{BATCHES_RATE_LIMITED, INVALID_RANGE, RedemptionRange},
    wire::{DayCredential, private},
};

enum Outcome {
    Unauthenticated,
    RateLimited(RetryAfter),
    InvalidRange,
    AuthBatchIssued {
        caller: Caller,
        range: RedemptionRange,
        credentials: Vec<DayCredential>,
    },
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CallLinkAuthResponse {
    /// One per day, ascending.
    call_link_auth_credentials: Vec<DayCredential>,
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
        (status = OK, body = CallLinkAuthResponse, description = "One credential per day."),
        (status = BAD_REQUEST, body = ProblemDocument, content_type = "application/problem+json",
            description = "`GROUP_CRED_INVALID_RANGE`"),
        (status = UNAUTHORIZED, body = ProblemDocument, content_type = "application/problem+json",
            description = "`CALL_LINK_UNAUTHORIZED`"),
        (status = TOO_MANY_REQUESTS, body = ProblemDocument,
            content_type = "application/problem+json", description = "`GROUP_CRED_RATE_LIMITED`",
            headers(("Retry-After" = u64, description = "Seconds until the next request."))),
        (status = SERVICE_UNAVAILABLE, body = ProblemDocument,
            content_type = "application/problem+json", description = "`UNAVAILABLE`, `OVERLOADED`"),
    ),
    security(("device" = []), ("session" = []))
)]
pub(crate) async fn call_link_auth(
    State(issuer): State<Arc<IssuerState>>,
    request: Request,
) -> Response {
    match decide(&issuer, &request.into_parts().0).await {
        Ok(Outcome::Unauthenticated) => unauthenticated(&UNAUTHORIZED).into_response(),
        Ok(Outcome::RateLimited(after)) => Problem::new(&BATCHES_RATE_LIMITED)
            .retry_after(after)
            .into_response(),
        Ok(Outcome::InvalidRange) => Problem::new(&INVALID_RANGE).into_response(),
        Ok(Outcome::AuthBatchIssued {
            caller,
            range,
            credentials,
        }) => {
            emit_batch_issued(&issuer, &caller, range);
            private(CallLinkAuthResponse {
                call_link_auth_credentials: credentials,
            })
        }
        Err(problem) => problem.into_response(),
    }
}

/// # Errors
/// 503 or 500 when the database is unavailable or no server params are live.
async fn decide(
    issuer: &Arc<IssuerState>,
    head: &http::request::Parts,
) -> Result<Outcome, Problem> {
    let Some(caller) = issuer.authenticate(head).await? else {
        return Ok(Outcome::Unauthenticated);
    };
    let (size, aci) = (issuer.limits.batches, caller.account.aci);
    let admitted = match AccountRequest::begin(issuer, "batches", size, &caller).await {
        Ok(admitted) => admitted,
        Err(after) => return Ok(Outcome::RateLimited(after)),
    };
    let now = issuer.now();
    let Some(range) = RedemptionRange::from_query(&head.uri, now) else {
        return Ok(Outcome::InvalidRange);
    };
    let params = issuer
        .params
        .current()
        .issuing_generic(now)
        .ok_or_else(no_params)?;
    let entropy = Arc::clone(&issuer.entropy);
    let issued = admitted.compute(issuer, move || issue(&aci, range, &params, &*entropy));
    let issued = issued.await;
    let issued = issued.map_err(|error| Problem::of_work(error, &BATCHES_RATE_LIMITED))?;
    let credentials = issued.map_err(issuing_failed)?;
    Ok(Outcome::AuthBatchIssued {
        caller,
        range,
        credentials,
    })
}

/// Issues one call-link credential per day, ascending.
fn issue(
    aci: &Aci,
    range: RedemptionRange,
    params: &GenericSecretParams,
    entropy: &dyn Entropy,
) -> Result<Vec<DayCredential>, VerifyError> {
    let batch = CredentialBatch {
        aci,
        call_links: params,
        groups: None,
    };
    let days: Vec<_> = range.days().collect();
    let issued = batch.issue(&days, &mut *entropy.rng())?;
    let credentials = issued.call_links.iter().zip(days);
    Ok(credentials
        .map(|(response, day)| DayCredential::new(response.to_bytes(), day))
        .collect())
}

pub(crate) fn emit_batch_issued(
    issuer: &Arc<IssuerState>,
    caller: &Caller,
    range: RedemptionRange,
) {
    issuer.emit(
        "call_link.auth_batch_issued",
        &caller.account.aci,
        |event| {
            event
                .with("redemption_start", range.start().as_secs())
                .with("redemption_end", range.end().as_secs())
        },
    );
}

/// Returns the problem for a credential that fails its own check. Such a credential is never sent.
pub(crate) fn issuing_failed(_: VerifyError) -> Problem {
    tracing::error!("a credential did not pass its own check");
    Problem::new(&problems::INTERNAL)
}
