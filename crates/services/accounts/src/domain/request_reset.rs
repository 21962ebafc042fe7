//! The mail with a link to set a new password.

use std::sync::Arc;

use anteroom_store::{Email, EmailToken, EmailTokenPurpose, TransactionName};

use crate::{
    domain::{
        failure::Failure,
        mails::{
            mail::{self, RESET_LIFETIME},
            mail_limits::MailKind,
            mail_request::RequestedMail,
        },
        storage::stored,
    },
    state::AccountsState,
};

pub(crate) const RESET_MAIL: RequestedMail = RequestedMail {
    kind: MailKind::Reset,
    send: |accounts, email| Box::pin(send(accounts, email)),
};

/// Sends a link to the address if it has an account, and a decoy otherwise.
async fn send(accounts: Arc<AccountsState>, email: Email) -> Result<(), Failure> {
    const NAME: TransactionName = TransactionName::new("ask for password reset");
    let storage = &accounts.storage;
    let token = EmailToken::random(&mut *storage.entropy.rng());
    let keys = storage.database.storage_keys();
    let hash = keys.email_token_hash(&token, EmailTokenPurpose::ResetPassword);
    let expires = accounts.now().plus(RESET_LIFETIME);
    let is_known = stored(async {
        let mut transaction = storage.database.begin(NAME).await?;
        let known = transaction.login_by_email(&email).await?;
        let known = known.filter(|(_, account)| !account.disabled);
        match &known {
            Some((login, _)) => {
                transaction
                    .add_reset_token(&hash, &login.aci, expires)
                    .await?;
            }
            // Writes as much for all other addresses, so that the next request waits as long.
            None => transaction.add_decoy_token(&hash, expires).await?,
        }
        transaction.save().await?;
        Ok(known.is_some())
    })
    .await?;
    if let Some(sender) = &accounts.login.mail {
        let url = &accounts.login.settings.public_url;
        let mail = is_known.then(|| mail::reset(email.clone(), url, &token));
        sender.send_or_decoy(&email, mail);
    }
    Ok(())
}
