//! Batches of credentials, for the endpoints that issue them.

use anteroom_accounts::{Caller, GUEST_NOT_ALLOWED};
use anteroom_http_server::{Problem, ProblemKind};
use anteroom_protocol::Timestamp;
use anteroom_runtime::Event;
use anteroom_wire::issuer::DayCredential;
use http::{StatusCode, Uri};

use crate::{
    domain::credential_batches::{BatchKind, BatchOutcome, IssuedBatch, issue_batch},
    http::range::requested_days,
    state::IssuerState,
};

const INVALID_RANGE: ProblemKind = ProblemKind {
    code: "GROUP_CRED_INVALID_RANGE",
    status: StatusCode::BAD_REQUEST,
    detail: "Invalid redemption time range. Range must be day-aligned, start at yesterday or \
             later, and span at most 7 days.",
};

/// The account has requested too many batches of either kind.
const RATE_LIMITED: ProblemKind = ProblemKind {
    code: "GROUP_CRED_RATE_LIMITED",
    status: StatusCode::TOO_MANY_REQUESTS,
    detail: "Too many requests for a batch of credentials. Please wait before trying again.",
};

/// Issues a batch for the days of a query. Emits one event for each kind of credentials in it.
///
/// # Errors
/// The problems of a missing, malformed or too long range, of the limit and of failures.
pub(crate) async fn issue(
    issuer: &IssuerState,
    caller: &Caller,
    kind: BatchKind,
    uri: &Uri,
) -> Result<IssuedBatch, Problem> {
    let (range, batch) = match issue_batch(issuer, caller, kind, requested_days(uri)).await? {
        BatchOutcome::RateLimited(after) => {
            return Err(Problem::new(&RATE_LIMITED).retry_after(after));
        }
        BatchOutcome::GuestRefused => return Err(Problem::new(&GUEST_NOT_ALLOWED)),
        BatchOutcome::InvalidRange => return Err(Problem::new(&INVALID_RANGE)),
        BatchOutcome::BatchIssued(range, batch) => (range, batch),
    };
    let (events, aci) = (&issuer.events, &caller.account.aci);
    let with_days = |event: Event| {
        event
            .with("redemption_start", range.start().as_secs())
            .with("redemption_end", range.end().as_secs())
    };
    if let Some(credentials) = &batch.group {
        events.emit("group_credentials.issued", aci, |event| {
            with_days(event).with("credential_count", credentials.len())
        });
    }
    events.emit("call_link.auth_batch_issued", aci, with_days);
    Ok(batch)
}

/// Returns credentials and their days.
pub(crate) fn day_credentials(credentials: &[(Vec<u8>, Timestamp)]) -> Vec<DayCredential> {
    let day_credential = |(credential, day): &(Vec<u8>, Timestamp)| DayCredential {
        credential: credential.as_slice().into(),
        redemption_time: day.as_secs(),
    };
    credentials.iter().map(day_credential).collect()
}
