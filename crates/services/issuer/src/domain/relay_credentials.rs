//! Credentials for relays.

use anteroom_accounts::Caller;
use anteroom_runtime::{ClientAddress, RetryAfter, dependency_wait};
use anteroom_store::AccountKind;
use anteroom_turn::{Relay, RelayError, RelayUser};

use crate::{
    domain::account_limit::{AccountLimits, AccountRequest},
    state::IssuerState,
};

/// The outcomes of a request.
pub(crate) enum RelayCredentialsOutcome {
    /// The caller is a guest, and the settings allow no guests.
    GuestsOff,
    RateLimited(RetryAfter),
    ProviderError(RelayError),
    CredentialsIssued(Relay),
    NoRelays,
}

/// Issues credentials for relays.
pub(crate) async fn issue_relay_credentials(
    issuer: &IssuerState,
    caller: &Caller,
    client: ClientAddress,
) -> RelayCredentialsOutcome {
    if issuer.refuses_guest(caller) {
        return RelayCredentialsOutcome::GuestsOff;
    }
    if let Err(after) = admit(&issuer.limits, caller, client).await {
        return RelayCredentialsOutcome::RateLimited(after);
    }
    let (aci, now) = (&caller.account.aci, issuer.now());
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

/// Counts a request towards the limit of its account. A guest's counts towards that of its networks
/// too, because another account of a guest costs nothing.
async fn admit(
    limits: &AccountLimits,
    caller: &Caller,
    client: ClientAddress,
) -> Result<(), RetryAfter> {
    let sizes = &limits.sizes;
    let admitted = match caller.account.kind {
        AccountKind::Regular => AccountRequest::begin(limits, "relays", sizes.relays, caller).await,
        AccountKind::Guest => {
            let (limit, size) = ("relays of guests", sizes.relays_of_guests);
            AccountRequest::begin_as_guest(limits, limit, size, caller, client).await
        }
    };
    admitted.map(drop)
}
