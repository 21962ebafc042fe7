//! New passwords with the token of a mail.

use std::sync::Arc;

use anteroom_runtime::ClientAddress;
use anteroom_store::{
    EmailToken, EmailTokenPurpose, Login, PasswordVerifier, TokenHash, TransactionName,
};
use rand_core::CryptoRng;

use crate::{
    domain::{
        devices::{
            announcement::announce,
            changes::{ChangeCause, DeviceChange},
        },
        failure::Failure,
        mails::mail::{self, DeviceCleanup},
        passwords::password::Password,
        renewal::{RenewalCause, RenewalPermit},
    },
    state::AccountsState,
};

/// The outcomes of a confirmation.
pub(crate) enum ResetOutcome {
    InvalidInput,
    LinkInvalid,
    Reset,
}

/// The token of a mail and the new password.
pub(crate) struct ResetConfirmation<'a> {
    pub(crate) token: &'a str,
    pub(crate) password: &'a str,
    /// Whether to keep the devices with a password of their own.
    pub(crate) keeps_devices: bool,
}

/// Sets a new password.
///
/// # Errors
/// The database is unavailable, or too many passwords wait for their hash.
pub(crate) async fn confirm_reset(
    accounts: &Arc<AccountsState>,
    client: ClientAddress,
    confirmation: &ResetConfirmation<'_>,
) -> Result<ResetOutcome, Failure> {
    let keeps_devices = confirmation.keeps_devices;
    let Ok(password) = Password::parse(confirmation.password) else {
        return Ok(ResetOutcome::InvalidInput);
    };
    let Some(token) = EmailToken::parse(confirmation.token) else {
        return Ok(ResetOutcome::LinkInvalid);
    };
    let Some(done) = reset(accounts, client, &token, password, keeps_devices).await? else {
        return Ok(ResetOutcome::LinkInvalid);
    };
    let Reset { login, deleted } = done;
    accounts
        .authenticator
        .caller_cache
        .forget_sessions(login.aci);
    for change in &deleted {
        announce(accounts, change);
    }
    if let Some(sender) = &accounts.login.mail {
        let cleanup = if keeps_devices {
            DeviceCleanup::Kept
        } else {
            DeviceCleanup::Deleted(deleted.len())
        };
        sender.send(mail::password_changed(login.email, cleanup));
    }
    Ok(ResetOutcome::Reset)
}

/// A completed reset.
struct Reset {
    login: Login,
    deleted: Vec<DeviceChange>,
}

/// Resets the password in one transaction, so that a link still works if its password could not be
/// stored. The link also proves the ownership of the mailbox: the address is confirmed, failures
/// are deleted, and the limits of the account are reset.
async fn reset(
    accounts: &AccountsState,
    client: ClientAddress,
    token: &EmailToken,
    password: Password,
    keeps_devices: bool,
) -> Result<Option<Reset>, Failure> {
    const LOOK_UP: TransactionName = TransactionName::new("look up reset");
    const PURPOSE: EmailTokenPurpose = EmailTokenPurpose::ResetPassword;
    let mut rng = accounts.storage.entropy.rng();
    let source = accounts.limits.attempt_source(client, None);
    let hashed = accounts.login.hasher.hash(password, source, &mut *rng);
    let verifier = hashed.await?;
    let keys = accounts.storage.database.storage_keys();
    let hash = keys.email_token_hash(token, PURPOSE);
    let known = accounts
        .storage
        .stored(async {
            let mut reader = accounts.storage.database.read(LOOK_UP).await?;
            reader.reset_token_account(&hash, accounts.now()).await
        })
        .await?;
    let Some(aci) = known else {
        return Ok(None);
    };
    let renewal = RenewalPermit::take(&accounts.limits, RenewalCause::Reset, &aci).await;
    let change = Change {
        token: hash,
        verifier,
        keeps_devices,
        renews_limits: renewal.is_some(),
    };
    let done = change.store(accounts, &mut *rng).await;
    if let Some(renewal) = renewal
        && !matches!(done, Ok(Some(_)))
    {
        renewal.refund(&accounts.limits).await;
    }
    done
}

/// The change of a reset.
struct Change {
    token: TokenHash,
    verifier: PasswordVerifier,
    keeps_devices: bool,
    renews_limits: bool,
}

impl Change {
    /// `None` if the token is unknown, used or over.
    async fn store(
        &self,
        accounts: &AccountsState,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<Option<Reset>, Failure> {
        const NAME: TransactionName = TransactionName::new("reset password");
        let now = accounts.now();
        accounts
            .storage
            .stored(async {
                let mut transaction = accounts.storage.database.begin(NAME).await?;
                let Some(aci) = transaction.take_reset_token(&self.token, now).await? else {
                    return Ok(None);
                };
                let Some(login) = transaction.login(&aci).await? else {
                    return Ok(None);
                };
                transaction.set_verifier(&aci, &self.verifier, rng).await?;
                transaction.set_verified(&aci).await?;
                transaction.clear_login_failures(&login.email, None).await?;
                transaction.end_sessions(&aci).await?;
                if self.renews_limits {
                    transaction.renew_limits(&aci).await?;
                }
                let deleted = if self.keeps_devices {
                    Vec::new()
                } else {
                    let mut changes = accounts.storage.device_changes(&mut *transaction, now);
                    changes
                        .delete_requested(&aci, ChangeCause::Account(aci))
                        .await?
                };
                transaction.save().await?;
                Ok(Some(Reset { login, deleted }))
            })
            .await
    }
}
