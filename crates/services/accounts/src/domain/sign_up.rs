//! Sign-ups with an email address, which its owner has to confirm.

use std::sync::Arc;

use anteroom_protocol::{Aci, AuthSalt, Timestamp};
use anteroom_runtime::ClientAddress;
use anteroom_store::{
    Account, Email, EmailToken, EmailTokenPurpose, InviteCode, IssuerRepository, Login,
    PasswordVerifier, PendingSignUp, ShadowSignUp, StoreError, TransactionName,
};
use async_trait::async_trait;
use rand_core::CryptoRng;

use crate::{
    domain::{
        failure::Failure,
        job_queue::Job,
        mails::{
            mail::{self, OutgoingMail, VERIFY_LIFETIME},
            mail_limits::MailKind,
        },
        passwords::{attempt_source::AttemptSource, password::Password},
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
        let job = SignUpJob {
            accounts: Arc::clone(accounts),
            email,
            password,
        };
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
    let hash = accounts.storage.database.storage_keys().invite_hash(code);
    let now = accounts.now();
    accounts
        .storage
        .stored(async {
            let mut transaction = accounts.storage.database.begin(NAME).await?;
            if !transaction.take_invite(&hash, now).await? {
                return Ok(InviteOutcome::Invalid);
            }
            if !accounts
                .limits
                .admit_mail(MailKind::SignUp, email, client)
                .await
            {
                return Ok(InviteOutcome::Unused);
            }
            transaction.save().await?;
            Ok(InviteOutcome::Used)
        })
        .await
}

/// Stores a sign-up and sends its mail.
struct SignUpJob {
    accounts: Arc<AccountsState>,
    email: Email,
    password: Password,
}

#[async_trait]
impl Job for SignUpJob {
    /// Causes one hash and one write for every address.
    async fn run(&mut self) -> Result<(), Failure> {
        let accounts = &self.accounts;
        const LOOK_UP: TransactionName = TransactionName::new("look up sign-up");
        let known = accounts
            .storage
            .stored(async {
                let mut reader = accounts.storage.database.read(LOOK_UP).await?;
                reader.login_by_email(&self.email).await
            })
            .await?;
        let confirmed = known.filter(|(login, account)| is_confirmed(login, account));
        let mut rng = accounts.storage.entropy.rng();
        let beside = confirmed.map(|(login, _)| login.verifier);
        let hasher = &accounts.login.hasher;
        let verifier = hasher
            .hash_like_login(self.password.clone(), beside, AttemptSource::Job, &mut *rng)
            .await?;
        let sign_up = NewSignUp {
            email: self.email.clone(),
            verifier,
            now: accounts.now(),
        };
        let mail = sign_up.store(accounts, &mut *rng).await?;
        if let Some(sender) = &accounts.login.mail {
            sender.send(mail);
        }
        Ok(())
    }
}

/// Returns whether a sign-up with the address leaves its account unchanged.
pub(crate) fn is_confirmed(login: &Login, account: &Account) -> bool {
    login.verified || account.disabled
}

struct NewSignUp {
    email: Email,
    verifier: PasswordVerifier,
    now: Timestamp,
}

impl NewSignUp {
    /// Stores the sign-up in one transaction.
    ///
    /// An unconfirmed address can be signed up with repeatedly. Each sign-up has a password of its
    /// own, and the mail that is opened decides which of them is used. A stranger who signs up with
    /// an address, before or after its owner does, thus does not have the password that the owner
    /// confirms with the owner's mail.
    ///
    /// A shadow of the sign-up is stored for every address. The shadow alone decides the answer to
    /// a login with the password of the sign-up, so that the answer does not show whether the
    /// address is confirmed.
    async fn store(
        self,
        accounts: &AccountsState,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<OutgoingMail, Failure> {
        const NAME: TransactionName = TransactionName::new("sign up");
        let keys = accounts.storage.database.storage_keys();
        let url = &accounts.login.settings.public_url;
        accounts
            .storage
            .stored(async {
                let mut transaction = accounts.storage.database.begin(NAME).await?;
                let expires = self.now.plus(VERIFY_LIFETIME);
                let known = transaction.login_by_email(&self.email).await?;
                let (aci, is_first) = match &known {
                    Some((login, _)) => (login.aci, false),
                    None => (self.add_account(&mut *transaction, &mut *rng).await?, true),
                };
                let shadow = ShadowSignUp {
                    aci,
                    verifier: self.verifier.clone(),
                    expires,
                };
                transaction.add_shadow_sign_up(&shadow, &mut *rng).await?;
                if known.is_some_and(|(login, account)| is_confirmed(&login, &account)) {
                    transaction.save().await?;
                    return Ok(mail::known(self.email, url));
                }
                let token = EmailToken::random(&mut *rng);
                let purpose = EmailTokenPurpose::VerifyEmail;
                let sign_up = PendingSignUp {
                    token: keys.email_token_hash(&token, purpose),
                    aci,
                    verifier: self.verifier,
                    expires,
                };
                transaction.add_sign_up(&sign_up, rng).await?;
                transaction.save().await?;
                Ok(mail::verify(self.email, url, &token, is_first))
            })
            .await
    }

    async fn add_account(
        &self,
        transaction: &mut dyn IssuerRepository,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<Aci, StoreError> {
        let aci = Aci::random(&mut *rng);
        let account = Account::new(aci, None, AuthSalt::random(&mut *rng), self.now);
        transaction.add_account(&account, rng).await?;
        let login = Login {
            aci,
            email: self.email.clone(),
            verifier: self.verifier.clone(),
            verified: false,
            created: self.now,
        };
        transaction.add_login(&login, rng).await?;
        Ok(aci)
    }
}
