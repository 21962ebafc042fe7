//! The check of an address and a password, with its locks, delays and counts. It is part of a
//! login, and of a change that needs the password again.

use anteroom_http_server::Problem;
use anteroom_runtime::ClientAddress;
use anteroom_store::{DeviceId, Email, Login, LoginOrigin, RefreshToken};

use super::{
    AttemptSource, Password,
    attempt::{Refusal, refused_after_all, refused_at_once},
    hasher::VerificationResult,
    look_up::{count_failure, look_up, trim_failures},
    refusals::RefusedAttempt,
};
use crate::issuer::IssuerState;

/// The credentials to check.
pub(super) struct PasswordClaim<'a> {
    pub(super) email: &'a Email,
    pub(super) password: Password,
    /// The device that the request names.
    pub(super) device: Option<DeviceId>,
    /// The last refresh token of that device, if the request shows it.
    pub(super) proof: Option<&'a RefreshToken>,
    pub(super) client: ClientAddress,
}

/// The result of a check that succeeded.
pub(super) struct RightPassword {
    pub(super) login: Login,
    pub(super) origin: LoginOrigin,
    pub(super) verified: VerificationResult,
    /// The class of the client, for one more hash.
    pub(super) source: AttemptSource,
}

/// Checks, in this order: lock, password, disabled, verified. Counts a wrong password.
///
/// # Errors
/// 503 or 500 when the database is unavailable, and 503 when too many hashes wait.
pub(super) async fn check(
    issuer: &IssuerState,
    claim: PasswordClaim<'_>,
) -> Result<Result<RightPassword, RefusedAttempt>, Problem> {
    let email = claim.email;
    let known = look_up(issuer, email, claim.device, claim.proof, claim.client).await?;
    if known.failures.overlong {
        trim_failures(issuer, email).await?;
    }
    if let Some(refusal) = refused_at_once(&known.failures, issuer.now()) {
        return Ok(Err(known.refused(email, refusal)));
    }
    let source = issuer.attempt_source(claim.client, known.device_owner.as_ref());
    let login = &issuer.login;
    issuer
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
    let row = known
        .login
        .as_ref()
        .map(|(login, account)| (login, account));
    match (refused_after_all(row, verified), row) {
        (Some(Refusal::Wrong), _) | (None, None) => {
            let attempt = known.refused(email, Refusal::Wrong);
            Ok(Err(count_failure(issuer, attempt, &known.origin).await?))
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
