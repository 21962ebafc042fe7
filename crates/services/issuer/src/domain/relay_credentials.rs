//! Credentials for relays.

use anteroom_accounts::Caller;
use anteroom_runtime::{RetryAfter, dependency_wait};
use anteroom_turn::{Relay, RelayError, RelayUser};

use crate::{domain::account_limit::AccountRequest, state::IssuerState};

/// The outcomes of a request.
pub(crate) enum RelayCredentialsOutcome {
    RateLimited(RetryAfter),
    ProviderError(RelayError),
    CredentialsIssued(Relay),
    NoRelays,
}

/// Issues credentials for relays.
pub(crate) async fn issue_relay_credentials(
    issuer: &IssuerState,
    caller: &Caller,
) -> RelayCredentialsOutcome {
    let (aci, now) = (&caller.account.aci, issuer.now());
    let size = issuer.limits.sizes.relays;
    let _admitted = match AccountRequest::begin(&issuer.limits, "relays", size, caller).await {
        Ok(admitted) => admitted,
        Err(after) => return RelayCredentialsOutcome::RateLimited(after),
    };
    let user = RelayUser {
        name: issuer.limits.pseudonymizer.daily("relay user", aci, now),
        percentile: issuer
            .limits
            .pseudonymizer
            .percentile("relay experiment", aci),
    };
    match dependency_wait(issuer.relays.issue(user, now)).await {
        Ok(Some(relay)) => RelayCredentialsOutcome::CredentialsIssued(relay),
        Ok(None) => RelayCredentialsOutcome::NoRelays,
        Err(error) => RelayCredentialsOutcome::ProviderError(error),
    }
}
