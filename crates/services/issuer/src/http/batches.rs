//! Batches of credentials, for the endpoints that issue them.

use anteroom_accounts::{Caller, GUEST_NOT_ALLOWED, GUESTS_OFF};
use anteroom_http_server::{Problem, ProblemKind};
use anteroom_protocol::{ParseError, Timestamp};
use anteroom_runtime::Event;
use anteroom_wire::issuer::DayCredential;
use http::{HeaderName, StatusCode, Uri};

use crate::{
    domain::credential_batches::{BatchKind, BatchOutcome, BatchRequest, IssuedBatch, issue_batch},
    http::range::requested_days,
    state::IssuerState,
};

const INVALID_RANGE: ProblemKind = ProblemKind {
    code: "GROUP_CRED_INVALID_RANGE",
    status: StatusCode::BAD_REQUEST,
    detail: "Invalid redemption time range. Range must be day-aligned, start at yesterday or \
             later, and span at most 7 days.",
};

const INVALID_IDENTITY_KEY: ProblemKind = ProblemKind {
    code: "GROUP_CRED_INVALID_IDENTITY_KEY",
    status: StatusCode::BAD_REQUEST,
    detail: "Invalid identity key. It is the base64url of an Ed25519 public key, without padding.",
};

/// The account has requested too many batches of either kind.
const RATE_LIMITED: ProblemKind = ProblemKind {
    code: "GROUP_CRED_RATE_LIMITED",
    status: StatusCode::TOO_MANY_REQUESTS,
    detail: "Too many requests for a batch of credentials. Please wait before trying again.",
};

/// The header that names the missing part of an answer.
pub(crate) const DEGRADED: HeaderName = HeaderName::from_static("anteroom-degraded");

/// Issues a batch for the days of a query. Emits one event for each kind of credentials in it.
///
/// # Errors
/// The problems of a missing, malformed or too long range, of a malformed identity key, of the limit and of
/// failures.
pub(crate) async fn issue(
    issuer: &IssuerState,
    caller: &Caller,
    kind: BatchKind,
    uri: &Uri,
    identity_key: Result<Option<[u8; 32]>, ParseError>,
) -> Result<IssuedBatch, Problem> {
    let request = BatchRequest {
        kind,
        days: requested_days(uri),
        identity_key,
    };
    let (range, batch) = match issue_batch(issuer, caller, request).await? {
        BatchOutcome::RateLimited(after) => {
            return Err(Problem::new(&RATE_LIMITED).retry_after(after));
        }
        BatchOutcome::GuestRefused => return Err(Problem::new(&GUEST_NOT_ALLOWED)),
        BatchOutcome::GuestsOff => return Err(Problem::new(&GUESTS_OFF)),
        BatchOutcome::InvalidRange => return Err(Problem::new(&INVALID_RANGE)),
        BatchOutcome::InvalidIdentityKey => {
            return Err(Problem::new(&INVALID_IDENTITY_KEY));
        }
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
