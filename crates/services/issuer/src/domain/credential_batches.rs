//! Batches of credentials: to use call links, and to use groups besides, one of each per day; and the
//! certificate of the device.

use std::sync::Arc;

use anteroom_accounts::{Caller, Failure};
use anteroom_e2ee::IdentityPublicKey;
use anteroom_protocol::{
    AuthCredentialResponse, CredentialBatch, GenericSecretParams, GroupAuthCredentialResponse,
    GroupIdentity, GroupServerSecretParams, ParseError, Timestamp, VerifyError,
};
use anteroom_runtime::{Entropy, RetryAfter};
use anteroom_store::{Account, AccountKind};

use crate::{
    domain::{
        account_limit::{AccountRequest, Computation},
        certificate_params::CertificateParams,
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

/// A request for a batch.
pub(crate) struct BatchRequest {
    pub(crate) kind: BatchKind,
    /// The first and the last day, if the request names them.
    pub(crate) days: Option<(Timestamp, Timestamp)>,
    /// The bytes of the identity key to certify, if the request names one, or the error of others.
    pub(crate) identity_key: Result<Option<[u8; 32]>, ParseError>,
}

/// The outcomes of a request for a batch.
pub(crate) enum BatchOutcome {
    RateLimited(RetryAfter),
    InvalidRange,
    /// Guests get no group credentials.
    GuestRefused,
    /// The settings allow no guests.
    GuestsOff,
    InvalidIdentityKey,
    BatchIssued(RedemptionRange, IssuedBatch),
}

/// The credentials, one per day, ascending, and the certificate.
pub(crate) struct IssuedBatch {
    /// `None` if the request asks for none, or while there are no group params.
    pub(crate) group: Option<Vec<(Vec<u8>, Timestamp)>>,
    pub(crate) call_link: Vec<(Vec<u8>, Timestamp)>,
    /// `None` if the request names no identity key, or while there is no key of certificates.
    pub(crate) certificate: Option<Vec<u8>>,
}

/// Issues one credential per day, or one of each kind, and a certificate until the end of the last day.
/// Credentials of guests are made under their params.
///
/// # Errors
/// No generic server params are live, or too much work is waiting.
pub(crate) async fn issue_batch(
    issuer: &IssuerState,
    caller: &Caller,
    request: BatchRequest,
) -> Result<BatchOutcome, Failure> {
    if caller.account.kind == AccountKind::Guest && request.kind == BatchKind::CallLinksAndGroups {
        return Ok(BatchOutcome::GuestRefused);
    }
    if issuer.refuses_guest(caller) {
        return Ok(BatchOutcome::GuestsOff);
    }
    let size = issuer.limits.sizes.batches;
    let admitted = match AccountRequest::begin(&issuer.limits, "batches", size, caller).await {
        Ok(admitted) => admitted,
        Err(after) => return Ok(BatchOutcome::RateLimited(after)),
    };
    let now = issuer.now();
    let BatchRequest {
        kind,
        days,
        identity_key,
    } = request;
    let range = days.and_then(|(start, end)| RedemptionRange::new(start, end, now));
    let Some(range) = range else {
        return Ok(BatchOutcome::InvalidRange);
    };
    let identity_key = identity_key.and_then(|bytes| {
        let key = bytes.map(|bytes| IdentityPublicKey::from_bytes(&bytes));
        key.transpose().map_err(|_| ParseError)
    });
    let Ok(identity_key) = identity_key else {
        return Ok(BatchOutcome::InvalidIdentityKey);
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
    let certified = identity_key.zip(params.issuing_certificates(now));
    let entropy = Arc::clone(&issuer.entropy);
    let account = caller.account.clone();
    let issued = admitted.compute(&issuer.limits, move || {
        issue(
            &account,
            range,
            group_params.as_deref(),
            &generic_params,
            certified.as_ref().map(|(key, params)| (*key, &**params)),
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
/// replacement from its salt. Without group params there are no group credentials. Certifies the
/// identity key, if there is one.
fn issue(
    account: &Account,
    range: RedemptionRange,
    group_params: Option<&GroupServerSecretParams>,
    generic_params: &GenericSecretParams,
    certified: Option<(IdentityPublicKey, &CertificateParams)>,
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
        certificate: certified
            .map(|(key, params)| params.issue(account, key, range.end()).to_bytes()),
    })
}
