//! Requests for a mail with a link to set a new password.

use std::sync::Arc;

use anteroom_runtime::ClientAddress;
use anteroom_store::{Email, EmailToken, EmailTokenPurpose, TransactionName};
use async_trait::async_trait;

use crate::{
    domain::{
        failure::Failure,
        job_queue::Job,
        mails::{
            mail::{self, RESET_LIFETIME},
            mail_limits::MailKind,
            mail_request::{self, MailRequestOutcome},
        },
    },
    state::AccountsState,
};

/// Accepts a request. A later job ([`crate::domain::job_queue`]) does all work that depends on
/// the account.
///
/// # Errors
/// No mail, a full queue, and an unavailable database.
pub(crate) async fn request_reset(
    accounts: &Arc<AccountsState>,
    client: ClientAddress,
    email: &str,
) -> Result<MailRequestOutcome, Failure> {
    mail_request::accept(accounts, client, MailKind::Reset, email, |email| {
        PasswordResetJob {
            accounts: Arc::clone(accounts),
            email,
        }
    })
    .await
}

/// Sends a link to the address if it has an account, and a decoy otherwise.
struct PasswordResetJob {
    accounts: Arc<AccountsState>,
    email: Email,
}

#[async_trait]
impl Job for PasswordResetJob {
    async fn run(&mut self) -> Result<(), Failure> {
        let accounts = &self.accounts;
        const NAME: TransactionName = TransactionName::new("ask for password reset");
        const PURPOSE: EmailTokenPurpose = EmailTokenPurpose::ResetPassword;
        let token = EmailToken::random(&mut *accounts.storage.entropy.rng());
        let keys = accounts.storage.database.storage_keys();
        let hash = keys.email_token_hash(&token, PURPOSE);
        let expires = accounts.now().plus(RESET_LIFETIME);
        let is_known = accounts
            .storage
            .stored(async {
                let mut transaction = accounts.storage.database.begin(NAME).await?;
                let known = transaction.login_by_email(&self.email).await?;
                let known = known.filter(|(_, account)| !account.disabled);
                match &known {
                    Some((login, _)) => {
                        transaction
                            .add_reset_token(&hash, &login.aci, expires)
                            .await?;
                    }
                    // Writes as much for all other addresses, so that the next request waits as
                    // long.
                    None => transaction.add_decoy_token(&hash, expires).await?,
                }
                transaction.save().await?;
                Ok(known.is_some())
            })
            .await?;
        if let Some(sender) = &accounts.login.mail {
            let url = &accounts.login.settings.public_url;
            let mail = is_known.then(|| mail::reset(self.email.clone(), url, &token));
            sender.send_or_decoy(&self.email, mail);
        }
        Ok(())
    }
}
