//! Credentials to use call links, one per day.

use std::sync::Arc;

use anteroom_accounts::{Caller, Failure};
use anteroom_protocol::{
    Aci, AuthCredentialResponse, CredentialBatch, GenericSecretParams, Timestamp, VerifyError,
};
use anteroom_runtime::{Entropy, RetryAfter};

use crate::{
    domain::{
        account_limit::{AccountRequest, Computation},
        failures::{issuing_failed, no_params},
        range::RedemptionRange,
    },
    state::IssuerState,
};

/// The outcomes of a request for a batch.
pub(crate) enum LinkCredentialsOutcome {
    RateLimited(RetryAfter),
    InvalidRange,
    AuthBatchIssued {
        range: RedemptionRange,
        /// One per day, ascending.
        credentials: Vec<(Vec<u8>, Timestamp)>,
    },
}

/// Issues one call-link credential per day. `days` are the first and the last day, if the request
/// names them.
///
/// # Errors
/// No server params are live, or too much work is waiting.
pub(crate) async fn issue_link_credentials(
    issuer: &IssuerState,
    caller: &Caller,
    days: Option<(Timestamp, Timestamp)>,
) -> Result<LinkCredentialsOutcome, Failure> {
    let (size, aci) = (issuer.limits.sizes.batches, caller.account.aci);
    let admitted = match AccountRequest::begin(&issuer.limits, "batches", size, caller).await {
        Ok(admitted) => admitted,
        Err(after) => return Ok(LinkCredentialsOutcome::RateLimited(after)),
    };
    let now = issuer.now();
    let range = days.and_then(|(start, end)| RedemptionRange::new(start, end, now));
    let Some(range) = range else {
        return Ok(LinkCredentialsOutcome::InvalidRange);
    };
    let params = issuer
        .params
        .current()
        .issuing_generic(now)
        .ok_or_else(no_params)?;
    let entropy = Arc::clone(&issuer.entropy);
    let issued = admitted.compute(&issuer.limits, move || {
        issue(&aci, range, &params, &*entropy)
    });
    match issued.await? {
        Computation::RateLimited(after) => Ok(LinkCredentialsOutcome::RateLimited(after)),
        Computation::Done(issued) => Ok(LinkCredentialsOutcome::AuthBatchIssued {
            range,
            credentials: issued.map_err(issuing_failed)?,
        }),
    }
}

/// Issues one call-link credential per day, ascending.
fn issue(
    aci: &Aci,
    range: RedemptionRange,
    params: &GenericSecretParams,
    entropy: &dyn Entropy,
) -> Result<Vec<(Vec<u8>, Timestamp)>, VerifyError> {
    let batch = CredentialBatch {
        aci,
        call_links: params,
        groups: None,
    };
    let days: Vec<_> = range.days().collect();
    let issued = batch.issue(&days, &mut *entropy.rng())?;
    let credentials = issued
        .call_links
        .iter()
        .map(AuthCredentialResponse::to_bytes);
    Ok(credentials.zip(days).collect())
}
