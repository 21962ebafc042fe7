//! The mail of a sign-up again.

use std::sync::Arc;

use anteroom_protocol::Timestamp;
use anteroom_store::{
    Email, EmailToken, EmailTokenPurpose, IssuerRepository, Login, PendingSignUp, ShadowSignUp,
    StorageKeys, StoreError, TransactionName,
};
use rand_core::CryptoRng;

use crate::{
    domain::{
        failure::Failure,
        mails::{
            mail::{self, OutgoingMail, RESET_LIFETIME, VERIFY_LIFETIME},
            mail_limits::MailKind,
            mail_request::RequestedMail,
        },
        storage::stored,
    },
    state::AccountsState,
};

pub(crate) const VERIFICATION_MAIL: RequestedMail = RequestedMail {
    kind: MailKind::Resend,
    send: |accounts, email| Box::pin(send(accounts, email)),
};

/// Sends another link to the address if it has an unconfirmed sign-up, and a decoy otherwise.
async fn send(accounts: Arc<AccountsState>, email: Email) -> Result<(), Failure> {
    const NAME: TransactionName = TransactionName::new("resend verification");
    let storage = &accounts.storage;
    let mut rng = storage.entropy.rng();
    let renewal = LinkRenewal {
        token: EmailToken::random(&mut *rng),
        keys: storage.database.storage_keys(),
        public_url: &accounts.login.settings.public_url,
        now: accounts.now(),
    };
    let mail = stored(async {
        let mut transaction = storage.database.begin(NAME).await?;
        let known = transaction.login_by_email(&email).await?;
        let mail = match known {
            Some((login, account)) => {
                renewal
                    .renew_shadow(&mut *transaction, &login, &mut *rng)
                    .await?;
                if login.verified || account.disabled {
                    None
                } else {
                    Some(renewal.renew(&mut *transaction, login, &mut *rng).await?)
                }
            }
            None => {
                renewal.write_decoy(&mut *transaction).await?;
                None
            }
        };
        transaction.save().await?;
        Ok(mail)
    })
    .await?;
    if let Some(sender) = &accounts.login.mail {
        sender.send_or_decoy(&email, mail);
    }
    Ok(())
}

/// A new link that replaces the one of an earlier mail.
struct LinkRenewal<'a> {
    token: EmailToken,
    keys: Arc<StorageKeys>,
    public_url: &'a str,
    now: Timestamp,
}

impl LinkRenewal<'_> {
    /// Renews the link. It confirms the password of the only unconfirmed sign-up. With several
    /// sign-ups, or none, it is unknown which password is the owner's: the mail then lets the owner
    /// set one, which confirms the address too.
    async fn renew(
        &self,
        transaction: &mut dyn IssuerRepository,
        login: Login,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<OutgoingMail, StoreError> {
        let hash = |purpose| self.keys.email_token_hash(&self.token, purpose);
        let only = transaction.take_only_sign_up(&login.aci, self.now).await?;
        let Some(verifier) = only else {
            let expires = self.now.plus(RESET_LIFETIME);
            let hash = hash(EmailTokenPurpose::ResetPassword);
            transaction
                .add_reset_token(&hash, &login.aci, expires)
                .await?;
            let (to, url) = (login.email, self.public_url);
            return Ok(mail::verify_by_reset(to, url, &self.token));
        };
        let sign_up = PendingSignUp {
            token: hash(EmailTokenPurpose::VerifyEmail),
            aci: login.aci,
            verifier,
            expires: self.now.plus(VERIFY_LIFETIME),
        };
        transaction.add_sign_up(&sign_up, rng).await?;
        let (to, url) = (login.email, self.public_url);
        Ok(mail::verify_again(to, url, &self.token))
    }

    /// Renews the shadow, which lasts a day from now, whatever the number of sign-ups and whether
    /// the address is confirmed or not.
    async fn renew_shadow(
        &self,
        transaction: &mut dyn IssuerRepository,
        login: &Login,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), StoreError> {
        match transaction.shadow_sign_up(&login.aci).await? {
            Some(verifier) => {
                let shadow = ShadowSignUp {
                    aci: login.aci,
                    verifier,
                    expires: self.now.plus(VERIFY_LIFETIME),
                };
                transaction.add_shadow_sign_up(&shadow, rng).await
            }
            None => self.write_decoy(transaction).await,
        }
    }

    /// Writes as much as a renewal does, so that the next request waits as long.
    async fn write_decoy(&self, transaction: &mut dyn IssuerRepository) -> Result<(), StoreError> {
        let purpose = EmailTokenPurpose::VerifyEmail;
        let hash = self.keys.email_token_hash(&self.token, purpose);
        let expires = self.now.plus(VERIFY_LIFETIME);
        transaction.add_decoy_token(&hash, expires).await
    }
}
