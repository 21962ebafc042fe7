//! The check of an address and a password, with its locks, delays and counts. It is part of a
//! login, and of a change that needs the password again.

use anteroom_runtime::ClientAddress;
use anteroom_store::{DeviceId, Email, Login, LoginOrigin, RefreshToken};

use crate::{
    domain::{
        failure::Failure,
        login::{
            look_up::{count_failure, look_up, trim_failures},
            refusals::{Refusal, RefusedAttempt, refused_after_all, refused_at_once},
        },
        passwords::{
            attempt_source::AttemptSource, hasher::VerificationResult, password::Password,
        },
    },
    state::AccountsState,
};

/// The credentials to check.
pub(crate) struct PasswordClaim<'a> {
    pub(crate) email: &'a Email,
    pub(crate) password: Password,
    /// The device that the request names.
    pub(crate) device: Option<DeviceId>,
    /// The last refresh token of that device, if the request shows it.
    pub(crate) proof: Option<&'a RefreshToken>,
    pub(crate) client: ClientAddress,
}

/// The result of a check that succeeded.
pub(crate) struct RightPassword {
    pub(crate) login: Login,
    pub(crate) origin: LoginOrigin,
    pub(crate) verified: VerificationResult,
    /// The class of the client, for one more hash.
    pub(crate) source: AttemptSource,
}

/// Checks, in this order: lock, password, disabled, verified. Counts a wrong password.
///
/// # Errors
/// 503 or 500 when the database is unavailable, and 503 when too many hashes wait.
pub(crate) async fn check(
    accounts: &AccountsState,
    claim: PasswordClaim<'_>,
) -> Result<Result<RightPassword, RefusedAttempt>, Failure> {
    let email = claim.email;
    let known = look_up(accounts, email, claim.device, claim.proof, claim.client).await?;
    if known.failures.overlong {
        trim_failures(accounts, email).await?;
    }
    if let Some(refusal) = refused_at_once(&known.failures, accounts.now()) {
        return Ok(Err(known.refused(email, refusal)));
    }
    let source = accounts
        .limits
        .attempt_source(claim.client, known.device_owner.as_ref());
    let login = &accounts.login;
    accounts
        .delayed_attempts
        .pass(
            &*login.delay,
            &known.origin,
            &known.failures,
            login.settings.lock.threshold,
            source,
        )
        .await?;
    let verified = login
        .hasher
        .verify(claim.password, known.verifiers(), source)
        .await?;
    let row = known.login.as_ref();
    match (refused_after_all(row, verified), row) {
        (Some(Refusal::Wrong), _) | (None, None) => {
            let attempt = known.refused(email, Refusal::Wrong);
            Ok(Err(count_failure(accounts, attempt, &known.origin).await?))
        }
        (Some(refusal), _) => Ok(Err(known.refused(email, refusal))),
        (None, Some((login, _))) => Ok(Ok(RightPassword {
            login: login.clone(),
            origin: known.origin,
            verified,
            source,
        })),
    }
}
