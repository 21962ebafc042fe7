//! The look-up before a login, and the count of failures after it.

use anteroom_protocol::Aci;
use anteroom_runtime::ClientAddress;
use anteroom_store::{
    Account, DeviceId, Email, Login, LoginFailures, LoginOrigin, PasswordVerifier, RefreshToken,
    TransactionName,
};

use crate::{
    domain::{
        failure::Failure,
        login::refusals::{Refusal, RefusedAttempt},
        passwords::hasher::Verifiers,
        sign_up::is_confirmed,
        storage::stored,
    },
    state::AccountsState,
};

/// The state of an attempt before its password is verified.
pub(crate) struct LoginLookup {
    /// The owner of the device whose last refresh token was shown, whatever email was named.
    pub(crate) device_owner: Option<Aci>,
    pub(crate) origin: LoginOrigin,
    pub(crate) failures: LoginFailures,
    pub(crate) login: Option<(Login, Account)>,
    /// The verifier of the last unconfirmed sign-up with the address.
    shadow: Option<PasswordVerifier>,
}

impl LoginLookup {
    pub(crate) fn verifiers(&self) -> Verifiers {
        // The password of an unconfirmed address counts only as that of the shadow.
        let known = self.login.as_ref();
        let confirmed = known.filter(|(login, account)| is_confirmed(login, account));
        Verifiers {
            login: confirmed.map(|(login, _)| login.verifier.clone()),
            shadow: self.shadow.clone(),
        }
    }

    /// Creates the refusal of an attempt with this address.
    pub(crate) fn refused(&self, email: &Email, refusal: Refusal) -> RefusedAttempt {
        let login = self.login.as_ref().map(|(login, _)| login);
        RefusedAttempt::new(email.clone(), login, refusal, self.failures)
    }
}

/// Reads the state in one transaction. The proof of a device counts only for the account of this
/// email, and for the device that the request names.
pub(crate) async fn look_up(
    accounts: &AccountsState,
    email: &Email,
    named: Option<DeviceId>,
    proof: Option<&RefreshToken>,
    client: ClientAddress,
) -> Result<LoginLookup, Failure> {
    const NAME: TransactionName = TransactionName::new("look up login");
    let now = accounts.now();
    let policy = accounts.login.settings.lock;
    let storage = &accounts.storage;
    let keys = storage.database.storage_keys();
    let proof = proof.map(|token| keys.refresh_token_hash(token));
    stored(async {
        let mut reader = storage.database.read(NAME).await?;
        let device = match &proof {
            Some(hash) => reader.known_device(hash).await?,
            None => None,
        };
        let device = device.filter(|(_, device)| Some(*device) == named);
        let login = reader.login_by_email(email).await?;
        let aci = login.as_ref().map(|(login, _)| login.aci);
        let origin = match device {
            Some((owner, device)) if Some(owner) == aci => LoginOrigin::KnownDevice(owner, device),
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
pub(crate) async fn trim_failures(accounts: &AccountsState, email: &Email) -> Result<(), Failure> {
    const NAME: TransactionName = TransactionName::new("trim login failures");
    let (storage, policy) = (&accounts.storage, accounts.login.settings.lock);
    let now = accounts.now();
    stored(async {
        let mut transaction = storage.database.begin(NAME).await?;
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
pub(crate) async fn count_failure(
    accounts: &AccountsState,
    attempt: RefusedAttempt,
    origin: &LoginOrigin,
) -> Result<RefusedAttempt, Failure> {
    const NAME: TransactionName = TransactionName::new("count failed login");
    let (storage, policy) = (&accounts.storage, accounts.login.settings.lock);
    let now = accounts.now();
    let email = &attempt.email;
    let (before, after) = stored(async {
        let mut transaction = storage.database.begin(NAME).await?;
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
