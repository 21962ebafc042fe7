//! Logins with email and password.

use anteroom_protocol::Timestamp;
use anteroom_runtime::ClientAddress;
use anteroom_store::{
    Account, Email, Login, LoginFailures, PasswordVerifier, RefreshToken, Session, SessionId,
    StoreError, TransactionName,
};

use crate::{
    domain::{
        devices::{
            changes::DeviceChange,
            registration::{self, NewDevice, Registration},
        },
        failure::Failure,
        login::{
            password_check::{PasswordClaim, RightPassword, check},
            refusals::{Refusal, RefusedAttempt, refused_after_all, refused_at_once},
        },
        passwords::{
            attempt_source::AttemptSource, hasher::VerificationResult, password::Password,
        },
        storage::stored,
        tokens::{grant::TokenGrant, session},
    },
    state::AccountsState,
};

/// The outcomes of a login.
pub(crate) enum SignInOutcome {
    Refused(RefusedAttempt),
    SignedIn(Box<TokenGrant>, Vec<DeviceChange>),
}

/// An attempt to log in.
pub(crate) struct SignInAttempt {
    pub(crate) email: Email,
    pub(crate) password: Password,
    pub(crate) remember: bool,
    pub(crate) device: NewDevice<'static>,
    /// The last refresh token of the device, if the request contains it.
    pub(crate) proof: Option<RefreshToken>,
}

/// Checks the password, and opens a session.
pub(crate) async fn sign_in(
    accounts: &AccountsState,
    client: ClientAddress,
    mut attempt: SignInAttempt,
) -> Result<SignInOutcome, Failure> {
    attempt.device.address = accounts.address(client);
    let claim = PasswordClaim {
        email: &attempt.email,
        password: attempt.password.clone(),
        device: attempt.device.id,
        proof: attempt.proof.as_ref(),
        client,
    };
    match check(accounts, claim).await? {
        Ok(right) => open(accounts, attempt, right).await,
        Err(refused) => Ok(SignInOutcome::Refused(refused)),
    }
}

/// Returns a new verifier for a right password whose stored one has another cost than new ones.
async fn hash_anew(
    accounts: &AccountsState,
    password: Password,
    verified: VerificationResult,
    source: AttemptSource,
) -> Result<Option<PasswordVerifier>, Failure> {
    if verified != (VerificationResult::Right { outdated: true }) {
        return Ok(None);
    }
    let mut rng = accounts.storage.entropy.rng();
    let hashed = accounts.login.hasher.hash(password, source, &mut *rng);
    hashed.await.map(Some)
}

/// Opens a session after the right password: deletes failures, registers the device and adds the
/// session, in one transaction.
async fn open(
    accounts: &AccountsState,
    attempt: SignInAttempt,
    right: RightPassword,
) -> Result<SignInOutcome, Failure> {
    const NAME: TransactionName = TransactionName::new("log in");
    let SignInAttempt {
        email,
        password,
        remember,
        device,
        proof: _,
    } = attempt;
    let RightPassword {
        login,
        origin,
        verified,
        source,
    } = right;
    let hashed_anew = hash_anew(accounts, password, verified, source).await?;
    let storage = &accounts.storage;
    let mut rng = storage.entropy.rng();
    let keys = storage.database.storage_keys();
    let (now, policy) = (accounts.now(), accounts.login.settings.lock);
    stored(async {
        let mut transaction = storage.database.begin(NAME).await?;
        let failures = transaction
            .login_failures(&email, &origin, now, policy)
            .await?;
        let current = transaction.login_by_email(&email).await?;
        if let Some(refusal) = overtaken(&failures, current.as_ref(), &login.verifier, now) {
            let refused = RefusedAttempt::new(email, Some(&login), refusal, failures);
            return Ok(SignInOutcome::Refused(refused));
        }
        transaction
            .clear_login_failures(&email, Some(&origin))
            .await?;
        if let Some(verifier) = &hashed_anew {
            transaction
                .set_verifier(&login.aci, verifier, &mut *rng)
                .await?;
        }
        let mut changes = storage.device_changes(&mut *transaction, now);
        let registered =
            registration::register(&mut changes, &keys, &login.aci, &device, now, &mut *rng);
        // The new device replaces another if the account has the maximum number.
        let Some(Registration { id, changes }) = registered.await? else {
            return Err(StoreError::InvalidValue {
                table: "devices",
                column: "device_id",
            });
        };
        let session = Session {
            id: SessionId::random(&mut *rng),
            aci: login.aci,
            device: id,
            remember,
            created: now,
            expires: session::expires(remember, now),
        };
        let refresh = RefreshToken::random(&mut *rng);
        let hash = keys.refresh_token_hash(&refresh);
        transaction.add_session(&session, &hash).await?;
        transaction.save().await?;
        let grant = TokenGrant {
            session,
            refresh,
            email,
            issued: now,
        };
        Ok(SignInOutcome::SignedIn(Box::new(grant), changes))
    })
    .await
}

/// Returns the refusal for a change during the verification of the password: a lock, a new
/// password, a disabled account.
fn overtaken(
    failures: &LoginFailures,
    current: Option<&(Login, Account)>,
    verifier: &PasswordVerifier,
    now: Timestamp,
) -> Option<Refusal> {
    let is_same = current.is_some_and(|(login, _)| login.verifier.as_str() == verifier.as_str());
    let verified = if is_same {
        VerificationResult::Right { outdated: false }
    } else {
        VerificationResult::Wrong
    };
    refused_at_once(failures, now).or_else(|| refused_after_all(current, verified))
}
