//! `GET /v1/certificate/auth/group`: issues group and call-link credentials, one of each per day.

use std::sync::Arc;

use anteroom_http_server::{Problem, ProblemDocument, ProblemKind};
use anteroom_protocol::{
    CredentialBatch, GenericSecretParams, GroupIdentity, GroupServerSecretParams, VerifyError,
};
use anteroom_runtime::{Entropy, RetryAfter};
use anteroom_store::Account;
use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    account_limit::AccountRequest,
    auth::{Caller, unauthenticated},
    call_link_auth::{emit_batch_issued, issuing_failed},
    issuer::{IssuerState, no_params},
    range::{BATCHES_RATE_LIMITED, INVALID_RANGE, RedemptionRange},
    wire::{DayCredential, private},
};

const UNAUTHORIZED: ProblemKind = ProblemKind {
    code: "GROUP_CRED_UNAUTHORIZED",
    status: StatusCode::UNAUTHORIZED,
    detail: "Authentication required to request group credentials.",
};

/// The header that names the missing part of an answer.
const DEGRADED: HeaderName = HeaderName::from_static("anteroom-degraded");

enum Outcome {
    Unauthenticated,
    RateLimited(RetryAfter),
    InvalidRange,
    BatchIssued {
        caller: Caller,
        range: RedemptionRange,
        /// `None` while there are no group params.
        group: Option<Vec<DayCredential>>,
        call_link: Vec<DayCredential>,
    },
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct GroupAuthResponse {
    /// Group credentials, one per day, ascending; empty while the answer is degraded.
    credentials: Vec<DayCredential>,
    /// Call-link credentials, one per day, ascending.
    call_link_auth_credentials: Vec<DayCredential>,
    /// The account's phone-number id, which the group credentials name.
    #[schema(format = "uuid")]
    pni: Option<String>,
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
        (status = OK, body = GroupAuthResponse, description = "One credential of each kind per day.",
            headers(("Anteroom-Degraded" = String,
                description = "`group-credentials` when there are no group credentials in it."))),
        (status = BAD_REQUEST, body = ProblemDocument, content_type = "application/problem+json",
            description = "`GROUP_CRED_INVALID_RANGE`"),
        (status = UNAUTHORIZED, body = ProblemDocument, content_type = "application/problem+json",
            description = "`GROUP_CRED_UNAUTHORIZED`"),
        (status = TOO_MANY_REQUESTS, body = ProblemDocument,
            content_type = "application/problem+json", description = "`GROUP_CRED_RATE_LIMITED`",
            headers(("Retry-After" = u64, description = "Seconds until the next request."))),
        (status = SERVICE_UNAVAILABLE, body = ProblemDocument,
            content_type = "application/problem+json", description = "`UNAVAILABLE`, `OVERLOADED`"),
    ),
    security(("device" = []), ("session" = []))
)]
pub(crate) async fn group_auth(
    State(issuer): State<Arc<IssuerState>>,
    request: Request,
) -> Response {
    match decide(&issuer, &request.into_parts().0).await {
        Ok(Outcome::Unauthenticated) => unauthenticated(&UNAUTHORIZED).into_response(),
        Ok(Outcome::RateLimited(after)) => Problem::new(&BATCHES_RATE_LIMITED)
            .retry_after(after)
            .into_response(),
        Ok(Outcome::InvalidRange) => Problem::new(&INVALID_RANGE).into_response(),
        Ok(Outcome::BatchIssued {
            caller,
            range,
            group,
            call_link,
        }) => {
            if let Some(credentials) = &group {
                emit_group_issued(&issuer, &caller, range, credentials.len());
            }
            emit_batch_issued(&issuer, &caller, range);
            let is_degraded = group.is_none();
            let mut response = private(GroupAuthResponse {
                credentials: group.unwrap_or_default(),
                call_link_auth_credentials: call_link,
                pni: caller.account.pni.map(|pni| pni.to_uuid_string()),
            });
            if is_degraded {
                let missing = HeaderValue::from_static("group-credentials");
                response.headers_mut().insert(DEGRADED, missing);
            }
            response
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
    let size = issuer.limits.batches;
    let admitted = match AccountRequest::begin(issuer, "batches", size, &caller).await {
        Ok(admitted) => admitted,
        Err(after) => return Ok(Outcome::RateLimited(after)),
    };
    let now = issuer.now();
    let Some(range) = RedemptionRange::from_query(&head.uri, now) else {
        return Ok(Outcome::InvalidRange);
    };
    let params = issuer.params.current();
    let generic_params = params.issuing_generic(now).ok_or_else(no_params)?;
    let group_params = params.issuing_group(now);
    let entropy = Arc::clone(&issuer.entropy);
    let account = caller.account.clone();
    let issued = admitted.compute(issuer, move || {
        issue(
            &account,
            range,
            group_params.as_deref(),
            &generic_params,
            &*entropy,
        )
    });
    let issued = issued.await;
    let issued = issued.map_err(|error| Problem::of_work(error, &BATCHES_RATE_LIMITED))?;
    let (group, call_link) = issued.map_err(issuing_failed)?;
    Ok(Outcome::BatchIssued {
        caller,
        range,
        group,
        call_link,
    })
}

/// Issues one credential of each kind per day, ascending. For an account without a PNI they use the
/// replacement from its salt. Without group params there are no group credentials.
fn issue(
    account: &Account,
    range: RedemptionRange,
    group_params: Option<&GroupServerSecretParams>,
    generic_params: &GenericSecretParams,
    entropy: &dyn Entropy,
) -> Result<(Option<Vec<DayCredential>>, Vec<DayCredential>), VerifyError> {
    let identity = match &account.pni {
        Some(pni) => GroupIdentity::Pni(pni),
        None => GroupIdentity::WithoutPni(&account.auth_salt),
    };
    let batch = CredentialBatch {
        aci: &account.aci,
        call_links: generic_params,
        groups: group_params.map(|params| (params, identity)),
    };
    let days: Vec<_> = range.days().collect();
    let issued = batch.issue(&days, &mut *entropy.rng())?;
    let groups = issued.groups.iter().zip(range.days());
    let groups = groups.map(|(response, day)| DayCredential::new(response.to_bytes(), day));
    let call_links = issued.call_links.iter().zip(range.days());
    let call_links = call_links.map(|(response, day)| DayCredential::new(response.to_bytes(), day));
    Ok((
        group_params.is_some().then(|| groups.collect()),
        call_links.collect(),
    ))
}

fn emit_group_issued(
    issuer: &Arc<IssuerState>,
    caller: &Caller,
    range: RedemptionRange,
    count: usize,
) {
    issuer.emit("group_credentials.issued", &caller.account.aci, |event| {
        event
            .with("redemption_start", range.start().as_secs())
            .with("redemption_end", range.end().as_secs())
            .with("credential_count", count)
    });
}
