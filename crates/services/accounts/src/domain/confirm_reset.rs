//! New passwords with the token of a mail.

use std::sync::Arc;

use anteroom_runtime::ClientAddress;
use anteroom_store::{EmailToken, EmailTokenPurpose, Login, TransactionName};

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
        storage::stored,
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
    let done = reset(accounts, client, &token, password, keeps_devices).await?;
    let Some((login, deleted)) = done else {
        return Ok(ResetOutcome::LinkInvalid);
    };
    accounts.caller_cache.forget_sessions(login.aci);
    announce(accounts, &deleted);
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

/// Resets the password in one transaction, so that a link still works if its password could not be
/// stored. The link also proves the ownership of the mailbox: the address is confirmed, failures
/// are deleted, and the limits of the account are reset.
///
/// Returns the login and the deleted devices; `None` if the token is unknown, used or over.
async fn reset(
    accounts: &AccountsState,
    client: ClientAddress,
    token: &EmailToken,
    password: Password,
    keeps_devices: bool,
) -> Result<Option<(Login, Vec<DeviceChange>)>, Failure> {
    const LOOK_UP: TransactionName = TransactionName::new("look up reset");
    const NAME: TransactionName = TransactionName::new("reset password");
    let (limits, storage) = (&accounts.limits, &accounts.storage);
    let mut rng = storage.entropy.rng();
    let source = limits.attempt_source(client, None);
    let hashed = accounts.login.hasher.hash(password, source, &mut *rng);
    let verifier = hashed.await?;
    let keys = storage.database.storage_keys();
    let token = keys.email_token_hash(token, EmailTokenPurpose::ResetPassword);
    let known = stored(async {
        let mut reader = storage.database.read(LOOK_UP).await?;
        reader.reset_token_account(&token, accounts.now()).await
    });
    let Some(aci) = known.await? else {
        return Ok(None);
    };
    let renewal = RenewalPermit::take(limits, RenewalCause::Reset, &aci).await;
    let now = accounts.now();
    let done = stored(async {
        let mut transaction = storage.database.begin(NAME).await?;
        let Some(aci) = transaction.take_reset_token(&token, now).await? else {
            return Ok(None);
        };
        let Some(login) = transaction.login(&aci).await? else {
            return Ok(None);
        };
        transaction.set_verifier(&aci, &verifier, &mut *rng).await?;
        transaction.set_verified(&aci).await?;
        transaction.clear_login_failures(&login.email, None).await?;
        transaction.end_sessions(&aci).await?;
        if renewal.is_some() {
            transaction.renew_limits(&aci).await?;
        }
        let deleted = if keeps_devices {
            Vec::new()
        } else {
            let mut changes = storage.device_changes(&mut *transaction, now);
            let cause = ChangeCause::Account(aci);
            changes.delete_requested(&aci, cause).await?
        };
        transaction.save().await?;
        Ok(Some((login, deleted)))
    })
    .await;
    RenewalPermit::settle(renewal, limits, matches!(done, Ok(Some(_)))).await;
    done
}
