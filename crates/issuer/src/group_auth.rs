//! `GET /v1/certificate/auth/group`: the batch of group and call-link credentials, one of each per
//! day.

use std::sync::Arc;

use anteroom_protocol::{
    GroupAuthCredentialResponse, GroupServerSecretParams, Randomness, VerifyError,
};
use anteroom_service::{Entropy, Problem, ProblemDocument, ProblemKind};
use anteroom_store::Account;
use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    auth::{Caller, unauthenticated},
    call_link_auth::{self, emit_batch_issued, issuing_failed},
    issuer::{Core, no_params},
    range::{INVALID_RANGE, RedemptionRange},
    wire::{DayCredential, private},
};

const UNAUTHORIZED: ProblemKind = ProblemKind {
    code: "GROUP_CRED_UNAUTHORIZED",
    status: StatusCode::UNAUTHORIZED,
    detail: "Authentication required to request group credentials.",
};

/// Says which part of an answer is missing.
const DEGRADED: HeaderName = HeaderName::from_static("anteroom-degraded");

/// What can come of a request.
enum Outcome {
    Unauthenticated,
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
    pni: Option<String>,
}

/// Issues one group credential and one call-link credential per day.
#[utoipa::path(
    get,
    path = "/v1/certificate/auth/group",
    tag = "credentials",
    params(
        ("redemptionStartSeconds" = u64, Query, description = "The first day: a midnight UTC, yesterday or later."),
        ("redemptionEndSeconds" = u64, Query, description = "The last day: a midnight UTC, at most 7 days after the first."),
    ),
    responses(
        (status = OK, body = GroupAuthResponse, description = "One credential of each kind per day.",
            headers(("Anteroom-Degraded" = String,
                description = "`group-credentials` when there are no group credentials in it."))),
        (status = BAD_REQUEST, body = ProblemDocument, content_type = "application/problem+json",
            description = "`GROUP_CRED_INVALID_RANGE`"),
        (status = UNAUTHORIZED, body = ProblemDocument, content_type = "application/problem+json",
            description = "`GROUP_CRED_UNAUTHORIZED`"),
        (status = SERVICE_UNAVAILABLE, body = ProblemDocument,
            content_type = "application/problem+json", description = "`UNAVAILABLE`"),
    ),
    security(("device" = []))
)]
pub(crate) async fn group_auth(State(issuer): State<Arc<Core>>, request: Request) -> Response {
    match decide(&issuer, &request.into_parts().0).await {
        Ok(Outcome::Unauthenticated) => unauthenticated(&UNAUTHORIZED).into_response(),
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
/// What is gone for now.
async fn decide(issuer: &Core, head: &http::request::Parts) -> Result<Outcome, Problem> {
    let Some(caller) = issuer.authenticate(&head.headers).await? else {
        return Ok(Outcome::Unauthenticated);
    };
    let now = issuer.now();
    let Some(range) = RedemptionRange::from_query(&head.uri, now) else {
        return Ok(Outcome::InvalidRange);
    };
    let generic_params = issuer.keys.issuing_generic(now).ok_or_else(no_params)?;
    let group_params = issuer.keys.issuing_group(now);
    let entropy = Arc::clone(&issuer.entropy);
    let account = caller.account.clone();
    let issued = issuer.workers.run(move || {
        let group = group_params
            .map(|params| issue(&account, range, &params, &*entropy))
            .transpose()?;
        let call_link = call_link_auth::issue(&account.aci, range, &generic_params, &*entropy)?;
        Ok((group, call_link))
    });
    let (group, call_link) = issued.await?.map_err(issuing_failed)?;
    Ok(Outcome::BatchIssued {
        caller,
        range,
        group,
        call_link,
    })
}

/// One group credential per day, ascending. An account without a PNI gets the stand-in made of its
/// salt.
fn issue(
    account: &Account,
    range: RedemptionRange,
    params: &GroupServerSecretParams,
    entropy: &dyn Entropy,
) -> Result<Vec<DayCredential>, VerifyError> {
    type Response = GroupAuthCredentialResponse;
    let mut rng = entropy.rng();
    let issue_one = |day| {
        let randomness = Randomness::random(&mut *rng);
        let response = match &account.pni {
            Some(pni) => Response::issue(&account.aci, pni, day, params, randomness),
            None => {
                let salt = &account.auth_salt;
                Response::issue_without_pni(&account.aci, salt, day, params, randomness)
            }
        };
        Ok(DayCredential::new(response?.to_bytes(), day))
    };
    range.days().map(issue_one).collect()
}

fn emit_group_issued(issuer: &Core, caller: &Caller, range: RedemptionRange, count: usize) {
    issuer.emit("group_credentials.issued", &caller.account.aci, |event| {
        event
            .with("redemption_start", range.start().as_secs())
            .with("redemption_end", range.end().as_secs())
            .with("credential_count", count)
    });
}
