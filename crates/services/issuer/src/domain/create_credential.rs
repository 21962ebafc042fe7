//! Credentials to create one room.

use anteroom_accounts::Failure;
use anteroom_protocol::{Aci, CreateCredentialRequest, Randomness, Timestamp};
use anteroom_runtime::RetryAfter;

use crate::{
    domain::{
        account_limit::{AccountRequest, Computation},
        failures::{issuing_failed, no_params},
    },
    state::IssuerState,
};

/// The outcomes of a request.
pub(crate) enum CreateCredentialOutcome {
    RateLimited(RetryAfter),
    CredentialIssued {
        credential: Vec<u8>,
        redemption_time: Timestamp,
    },
}

/// Issues a credential to create one room today.
///
/// # Errors
/// No server params are live, or too much work is waiting.
pub(crate) async fn issue_create_credential(
    issuer: &IssuerState,
    admitted: AccountRequest,
    aci: Aci,
    request: CreateCredentialRequest,
) -> Result<CreateCredentialOutcome, Failure> {
    let now = issuer.now();
    let redemption_time = now.start_of_day();
    let params = issuer.params.load().issuing_generic(now);
    let params = params.ok_or_else(no_params)?;
    let randomness = Randomness::random(&mut *issuer.entropy.rng());
    let issued = admitted.compute(&issuer.limits, move || {
        request
            .issue(&aci, redemption_time, &params, randomness)
            .map(|response| response.to_bytes())
    });
    match issued.await? {
        Computation::RateLimited(after) => Ok(CreateCredentialOutcome::RateLimited(after)),
        Computation::Done(issued) => Ok(CreateCredentialOutcome::CredentialIssued {
            credential: issued.map_err(issuing_failed)?,
            redemption_time,
        }),
    }
}
