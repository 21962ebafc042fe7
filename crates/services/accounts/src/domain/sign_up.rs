//! Sign-ups with an email address, which its owner has to confirm.

use std::sync::Arc;

use anteroom_runtime::ClientAddress;
use anteroom_store::{
    Account, Email, EmailToken, EmailTokenPurpose, InviteCode, Login, PasswordVerifier,
    PendingSignUp, ShadowSignUp, TransactionName,
};
use rand_core::CryptoRng;

use crate::{
    domain::{
        failure::Failure,
        mails::{
            mail::{self, OutgoingMail, VERIFY_LIFETIME},
            mail_limits::MailKind,
        },
        passwords::{attempt_source::AttemptSource, password::Password},
        storage::{add_account, stored},
    },
    settings::SignUp,
    state::AccountsState,
};

/// The outcomes of a sign-up.
pub(crate) enum SignUpOutcome {
    InvalidInput,
    Closed,
    InvalidInvite,
    /// A mail explains the next step. Its text depends on whether the address has an account. The
    /// answer does not.
    Accepted,
}

/// Returns whether sign-up is possible, with or without an invite code. Without mail it is not.
pub(crate) fn is_open(accounts: &AccountsState) -> bool {
    accounts.login.settings.sign_up != SignUp::Closed && accounts.login.mail.is_some()
}

/// The typed values of a sign-up.
pub(crate) struct SignUpApplication<'a> {
    pub(crate) email: &'a str,
    pub(crate) password: &'a str,
    pub(crate) invite_code: Option<&'a str>,
}

/// Accepts a request. Decides only by the request itself: its shape, its invite code and the
/// limits. A later job ([`crate::domain::job_queue`]) does the rest.
///
/// # Errors
/// A full queue, and an unavailable database.
pub(crate) async fn sign_up(
    accounts: &Arc<AccountsState>,
    client: ClientAddress,
    application: &SignUpApplication<'_>,
) -> Result<SignUpOutcome, Failure> {
    if !is_open(accounts) {
        return Ok(SignUpOutcome::Closed);
    }
    let email = Email::parse_new(application.email);
    let password = Password::parse(application.password);
    let (Ok(email), Ok(password)) = (email, password) else {
        return Ok(SignUpOutcome::InvalidInput);
    };
    let reservation = accounts.job_queue.reserve(client)?;
    let admitted = match accounts.login.settings.sign_up {
        SignUp::Open | SignUp::Closed => {
            accounts.storage.check().await?;
            accounts
                .limits
                .admit_mail(MailKind::SignUp, &email, client)
                .await
        }
        SignUp::Invite => {
            let code = application.invite_code;
            let code = code.and_then(|code| InviteCode::parse(code.trim()));
            let Some(code) = code else {
                return Ok(SignUpOutcome::InvalidInvite);
            };
            match use_invite(accounts, &code, &email, client).await? {
                InviteOutcome::Invalid => return Ok(SignUpOutcome::InvalidInvite),
                InviteOutcome::Unused => false,
                InviteOutcome::Used => true,
            }
        }
    };
    if admitted {
        let state = Arc::clone(accounts);
        let job = move || complete(Arc::clone(&state), email.clone(), password.clone());
        accounts.job_queue.start(reservation, job);
    }
    Ok(SignUpOutcome::Accepted)
}

/// The outcome of an invite code.
enum InviteOutcome {
    Invalid,
    /// The code stays valid, because no mail may be sent to the address.
    Unused,
    Used,
}

/// Uses the code, also for a known address: its owner could otherwise find out which addresses are
/// known. The limits of mails are checked after the code, so that a client without a code uses up
/// no mail of an address. They are checked before the code is saved as used, and count the request
/// also if that fails.
async fn use_invite(
    accounts: &AccountsState,
    code: &InviteCode,
    email: &Email,
    client: ClientAddress,
) -> Result<InviteOutcome, Failure> {
    const NAME: TransactionName = TransactionName::new("use invite");
    let storage = &accounts.storage;
    let hash = storage.database.storage_keys().invite_hash(code);
    let now = accounts.now();
    stored(async {
        let mut transaction = storage.database.begin(NAME).await?;
        if !transaction.take_invite(&hash, now).await? {
            return Ok(InviteOutcome::Invalid);
        }
        let limits = &accounts.limits;
        if !limits.admit_mail(MailKind::SignUp, email, client).await {
            return Ok(InviteOutcome::Unused);
        }
        transaction.save().await?;
        Ok(InviteOutcome::Used)
    })
    .await
}

/// Stores a sign-up and sends its mail. Causes one hash and one write for every address.
async fn complete(
    accounts: Arc<AccountsState>,
    email: Email,
    password: Password,
) -> Result<(), Failure> {
    const LOOK_UP: TransactionName = TransactionName::new("look up sign-up");
    let storage = &accounts.storage;
    let known = stored(async {
        let mut reader = storage.database.read(LOOK_UP).await?;
        reader.login_by_email(&email).await
    });
    let confirmed = known
        .await?
        .filter(|(login, account)| is_confirmed(login, account));
    let beside = confirmed.map(|(login, _)| login.verifier);
    let mut rng = storage.entropy.rng();
    let verifier = accounts
        .login
        .hasher
        .hash_like_login(password, beside, AttemptSource::Job, &mut *rng)
        .await?;
    let mail = store(&accounts, email, verifier, &mut *rng).await?;
    if let Some(sender) = &accounts.login.mail {
        sender.send(mail);
    }
    Ok(())
}

/// Returns whether a sign-up with the address leaves its account unchanged.
pub(crate) fn is_confirmed(login: &Login, account: &Account) -> bool {
    login.verified || account.disabled
}

/// Stores a sign-up in one transaction, and returns its mail.
///
/// An unconfirmed address can be signed up with repeatedly. Each sign-up has a password of its own,
/// and the mail that is opened decides which of them is used. A stranger who signs up with an
/// address, before or after its owner does, thus does not have the password that the owner confirms
/// with the owner's mail.
///
/// A shadow of the sign-up is stored for every address. The shadow alone decides the answer to a
/// login with the password of the sign-up, so that the answer does not show whether the address is
/// confirmed.
async fn store(
    accounts: &AccountsState,
    email: Email,
    verifier: PasswordVerifier,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<OutgoingMail, Failure> {
    const NAME: TransactionName = TransactionName::new("sign up");
    let keys = accounts.storage.database.storage_keys();
    let url = &accounts.login.settings.public_url;
    let now = accounts.now();
    let expires = now.plus(VERIFY_LIFETIME);
    stored(async {
        let mut transaction = accounts.storage.database.begin(NAME).await?;
        let known = transaction.login_by_email(&email).await?;
        let is_first = known.is_none();
        let is_confirmed = known
            .as_ref()
            .is_some_and(|(login, account)| is_confirmed(login, account));
        let aci = match known {
            Some((login, _)) => login.aci,
            None => {
                let account = add_account(&mut *transaction, now, &mut *rng).await?;
                let login = Login {
                    aci: account.aci,
                    email: email.clone(),
                    verifier: verifier.clone(),
                    verified: false,
                    created: now,
                };
                transaction.add_login(&login, &mut *rng).await?;
                account.aci
            }
        };
        let shadow = ShadowSignUp {
            aci,
            verifier: verifier.clone(),
            expires,
        };
        transaction.add_shadow_sign_up(&shadow, &mut *rng).await?;
        if is_confirmed {
            transaction.save().await?;
            return Ok(mail::known(email, url));
        }
        let token = EmailToken::random(&mut *rng);
        let sign_up = PendingSignUp {
            token: keys.email_token_hash(&token, EmailTokenPurpose::VerifyEmail),
            aci,
            verifier,
            expires,
        };
        transaction.add_sign_up(&sign_up, rng).await?;
        transaction.save().await?;
        Ok(mail::verify(email, url, &token, is_first))
    })
    .await
}
