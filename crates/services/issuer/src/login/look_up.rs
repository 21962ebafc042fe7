//! The look-up before a login, and the count of failures after it.

use anteroom_http_server::Problem;
use anteroom_protocol::Aci;
use anteroom_runtime::ClientAddress;
use anteroom_store::{
    Account, DeviceId, Email, Login, LoginFailures, LoginOrigin, PasswordVerifier, RefreshToken,
    TransactionName,
};

use super::{attempt::Refusal, hasher::Verifiers, refusals::RefusedAttempt, sign_up::is_confirmed};
use crate::issuer::IssuerState;

/// The state of an attempt before its password is verified.
pub(super) struct LoginLookup {
    /// The owner of the device whose last refresh token was shown, whatever email was named.
    pub(super) device_owner: Option<Aci>,
    pub(super) origin: LoginOrigin,
    pub(super) failures: LoginFailures,
    pub(super) login: Option<(Login, Account)>,
    /// The verifier of the last unconfirmed sign-up with the address.
    shadow: Option<PasswordVerifier>,
}

impl LoginLookup {
    pub(super) fn verifiers(&self) -> Verifiers {
        // The password of an unconfirmed address counts only as that of the shadow.
        let known = self.login.as_ref();
        let confirmed = known.filter(|(login, account)| is_confirmed(login, account));
        Verifiers {
            login: confirmed.map(|(login, _)| login.verifier.clone()),
            shadow: self.shadow.clone(),
        }
    }

    /// Creates the refusal of an attempt with this address.
    pub(super) fn refused(&self, email: &Email, refusal: Refusal) -> RefusedAttempt {
        let login = self.login.as_ref().map(|(login, _)| login);
        RefusedAttempt::new(email.clone(), login, refusal, self.failures)
    }
}

/// Reads the state in one transaction. The proof of a device counts only for the account of this
/// email, and for the device that the request names.
pub(super) async fn look_up(
    issuer: &IssuerState,
    email: &Email,
    named: Option<DeviceId>,
    proof: Option<&RefreshToken>,
    client: ClientAddress,
) -> Result<LoginLookup, Problem> {
    const NAME: TransactionName = TransactionName::new("look up login");
    let now = issuer.now();
    let policy = issuer.login.settings.lock;
    let keys = issuer.database.storage_keys();
    let proof = proof.map(|token| keys.refresh_token_hash(token));
    issuer
        .stored(async {
            let mut reader = issuer.database.read(NAME).await?;
            let device = match &proof {
                Some(hash) => reader.known_device(hash).await?,
                None => None,
            };
            let device = device.filter(|(_, device)| Some(*device) == named);
            let login = reader.login_by_email(email).await?;
            let aci = login.as_ref().map(|(login, _)| login.aci);
            let origin = match device {
                Some((owner, device)) if Some(owner) == aci => {
                    LoginOrigin::KnownDevice(owner, device)
                }
                _ => LoginOrigin::Network(client.limit_group()),
            };
            let failures = reader.login_failures(email, &origin, now, policy).await?;
            // An address without an account causes the same read.
            let owner = aci.unwrap_or(Aci::from_bytes([0; 16]));
            let shadow = reader.shadow_sign_up(&owner).await?;
            Ok(LoginLookup {
                device_owner: device.map(|(owner, _)| owner),
                origin,
                failures,
                login,
                shadow,
            })
        })
        .await
}

/// Shortens failures that a clock that was ahead has written and that would count for too long.
/// They count from now on.
pub(super) async fn trim_failures(issuer: &IssuerState, email: &Email) -> Result<(), Problem> {
    const NAME: TransactionName = TransactionName::new("trim login failures");
    let (now, policy) = (issuer.now(), issuer.login.settings.lock);
    issuer
        .stored(async {
            let mut transaction = issuer.database.begin(NAME).await?;
            transaction.trim_login_failures(email, now, policy).await?;
            transaction.save().await
        })
        .await
}

/// Counts a wrong password, also for an email without an account.
///
/// Other attempts may have failed meanwhile. The lock is checked again in this writing transaction,
/// where writers are serial. At most as many passwords as the lock allows are thus tried before it,
/// however many arrive at the same time, and exactly one failure reports the lock.
pub(super) async fn count_failure(
    issuer: &IssuerState,
    attempt: RefusedAttempt,
    origin: &LoginOrigin,
) -> Result<RefusedAttempt, Problem> {
    const NAME: TransactionName = TransactionName::new("count failed login");
    let (now, policy) = (issuer.now(), issuer.login.settings.lock);
    let email = attempt.email();
    let (before, after) = issuer
        .stored(async {
            let mut transaction = issuer.database.begin(NAME).await?;
            let before = transaction
                .login_failures(email, origin, now, policy)
                .await?;
            let after = transaction
                .note_login_failure(email, origin, now, policy)
                .await?;
            transaction.save().await?;
            Ok((before, after))
        })
        .await?;
    Ok(attempt.counted(&before, after, now))
}
