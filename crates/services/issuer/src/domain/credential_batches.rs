//! Batches of credentials: to use call links, and to use groups besides, one of each per day.

use std::sync::Arc;

use anteroom_accounts::{Caller, Failure};
use anteroom_protocol::{
    AuthCredentialResponse, CredentialBatch, GenericSecretParams, GroupAuthCredentialResponse,
    GroupIdentity, GroupServerSecretParams, Timestamp, VerifyError,
};
use anteroom_runtime::{Entropy, RetryAfter};
use anteroom_store::{Account, AccountKind};

use crate::{
    domain::{
        account_limit::{AccountRequest, Computation},
        failures::{issuing_failed, no_params},
        range::RedemptionRange,
    },
    state::IssuerState,
};

/// The credentials that a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BatchKind {
    CallLinks,
    CallLinksAndGroups,
}

/// The outcomes of a request for a batch.
pub(crate) enum BatchOutcome {
    RateLimited(RetryAfter),
    InvalidRange,
    /// Guests get no group credentials.
    GuestRefused,
    BatchIssued(RedemptionRange, IssuedBatch),
}

/// The credentials, one per day, ascending.
pub(crate) struct IssuedBatch {
    /// `None` if the request asks for none, or while there are no group params.
    pub(crate) group: Option<Vec<(Vec<u8>, Timestamp)>>,
    pub(crate) call_link: Vec<(Vec<u8>, Timestamp)>,
}

/// Issues one credential per day, or one of each kind, to guests under their params. `days` are the first and the last day, if the
/// request names them.
///
/// # Errors
/// No generic server params are live, or too much work is waiting.
pub(crate) async fn issue_batch(
    issuer: &IssuerState,
    caller: &Caller,
    kind: BatchKind,
    days: Option<(Timestamp, Timestamp)>,
) -> Result<BatchOutcome, Failure> {
    if caller.account.kind == AccountKind::Guest && kind == BatchKind::CallLinksAndGroups {
        return Ok(BatchOutcome::GuestRefused);
    }
    let size = issuer.limits.sizes.batches;
    let admitted = match AccountRequest::begin(&issuer.limits, "batches", size, caller).await {
        Ok(admitted) => admitted,
        Err(after) => return Ok(BatchOutcome::RateLimited(after)),
    };
    let now = issuer.now();
    let range = days.and_then(|(start, end)| RedemptionRange::new(start, end, now));
    let Some(range) = range else {
        return Ok(BatchOutcome::InvalidRange);
    };
    let params = issuer.params.load_full();
    let generic_params = match caller.account.kind {
        AccountKind::Regular => params.issuing_generic(now),
        AccountKind::Guest => params.issuing_guest(now),
    };
    let generic_params = generic_params.ok_or_else(no_params)?;
    let group_params = match kind {
        BatchKind::CallLinks => None,
        BatchKind::CallLinksAndGroups => params.issuing_group(now),
    };
    let entropy = Arc::clone(&issuer.entropy);
    let account = caller.account.clone();
    let issued = admitted.compute(&issuer.limits, move || {
        issue(
            &account,
            range,
            group_params.as_deref(),
            &generic_params,
            &*entropy,
        )
    });
    match issued.await? {
        Computation::RateLimited(after) => Ok(BatchOutcome::RateLimited(after)),
        Computation::Done(issued) => {
            let issued = issued.map_err(issuing_failed)?;
            Ok(BatchOutcome::BatchIssued(range, issued))
        }
    }
}

/// Issues one credential of each kind per day, ascending. For an account without a PNI they use the
/// replacement from its salt. Without group params there are no group credentials.
fn issue(
    account: &Account,
    range: RedemptionRange,
    group_params: Option<&GroupServerSecretParams>,
    generic_params: &GenericSecretParams,
    entropy: &dyn Entropy,
) -> Result<IssuedBatch, VerifyError> {
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
    let groups = issued
        .groups
        .iter()
        .map(GroupAuthCredentialResponse::to_bytes);
    let call_link = issued
        .call_links
        .iter()
        .map(AuthCredentialResponse::to_bytes);
    Ok(IssuedBatch {
        group: group_params
            .is_some()
            .then(|| groups.zip(range.days()).collect()),
        call_link: call_link.zip(range.days()).collect(),
    })
}
