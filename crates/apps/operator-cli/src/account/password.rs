//! `anteroom account set-password`

use std::path::Path;

use anteroom_accounts::{ChangeCause, Password};
use anteroom_console::{
    failure::Failure,
    os,
    password::PasswordSource,
    terminal::{confirm, plain},
};
use anteroom_protocol::Aci;
use anteroom_store::{
    Device, DeviceOrigin, Email, IssuerDatabase as _, Login, PasswordVerifier, StoreError,
    TransactionName,
};
use anyhow::{Context as _, bail};
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::{
    arguments::SetPassword,
    operator_session::{IssuerSession, no_account, refuse_guest},
};

/// The maximum number of devices that a question names.
const MOST_NAMES: usize = 10;

/// Reads a new password, and hashes it.
pub(crate) fn verifier(
    session: &IssuerSession<'_>,
    file: Option<&Path>,
) -> anyhow::Result<PasswordVerifier> {
    let source = PasswordSource {
        file,
        variable: None,
        prompt: "New password: ",
    };
    let password = source.read_new(&session.context.environment)?;
    let password = Password::parse(password.expose_secret())?;
    let cost = session.settings.login.cost();
    cost.hash(&password, &mut os::rng())
        .context("login.hash_memory_kib and login.hash_passes")
}

/// Sets the password of a login, which is added if the account has none. The operator confirms the address.
/// Sessions and a lock end, and devices that requests have added are deleted.
pub(super) async fn set(session: &IssuerSession<'_>, options: &SetPassword) -> anyhow::Result<()> {
    const NAME: TransactionName = TransactionName::new("set password");
    let changes = session.changes()?;
    let aci = session.find(&options.account.account).await?;
    let mut reader = session.database.read(NAME).await?;
    let account = reader.account(&aci).await?.ok_or_else(no_account)?;
    refuse_guest(&account, "login")?;
    let known = reader.login(&aci).await?;
    drop(reader);
    let email = match &options.email {
        Some(text) if known.is_some() => Some(Email::parse(text)?),
        Some(text) => Some(Email::parse_new(text)?),
        None => None,
    };
    match (&known, &email) {
        (None, None) => bail!(
            Failure::failed("the account has no login yet").next("Name its address with --email")
        ),
        (Some(login), Some(email)) if login.email != *email => bail!(
            Failure::failed("the account's login has another email address")
                .next("Leave out --email")
        ),
        _ => {}
    }
    let removed = if options.keep_devices {
        Vec::new()
    } else {
        requested_devices(session, &aci).await?
    };
    let mut reader = session.database.read(NAME).await?;
    let sessions = reader.sessions(&aci, os::now()).await?.len();
    drop(reader);
    confirm_losses(sessions, &removed, options.yes)?;
    let verifier = verifier(session, options.password_file.as_deref())?;
    let mut rng = os::rng();
    let mut transaction = session.database.begin(NAME).await?;
    let is_there = transaction.set_verifier(&aci, &verifier, &mut rng).await?;
    let email = match (is_there, known, email) {
        (true, Some(login), _) => login.email,
        (false, _, Some(email)) => {
            let login = Login {
                aci,
                email: email.clone(),
                verifier,
                verified: true,
                created: os::now(),
            };
            transaction
                .add_login(&login, &mut rng)
                .await
                .map_err(explained)?;
            email
        }
        _ => bail!(changed_meanwhile("the account was changed")),
    };
    transaction.set_verified(&aci).await?;
    transaction.clear_login_failures(&email, None).await?;
    transaction.renew_limits(&aci).await?;
    let ended = transaction.end_sessions(&aci).await?;
    let deleted = if options.keep_devices {
        Vec::new()
    } else {
        changes
            .of(&mut *transaction, os::now())
            .delete_requested(&aci, ChangeCause::Operator)
            .await?
    };
    let is_confirmed = |id| options.yes || removed.iter().any(|device| device.id == id);
    if !deleted.iter().all(|change| is_confirmed(change.device())) {
        bail!(changed_meanwhile("a device was added"));
    }
    transaction.save().await?;
    for change in &deleted {
        changes.announce(change);
    }
    changes.note("account.password_set", &aci);
    let (uuid, gone) = (aci.to_uuid_string(), deleted.len());
    session.context.show(
        &json!({ "uuid": uuid, "email": email.as_str(), "endedSessions": ended,
                 "deletedDevices": gone }),
        &format!(
            "Set the password. Sessions that ended: {ended}. Devices that were deleted: {gone}."
        ),
    )
}

fn changed_meanwhile(change: &str) -> Failure {
    Failure::failed(format!(
        "{change} at the same time, and nothing was changed here"
    ))
    .next("Run this again")
}

/// The devices that a new password deletes.
async fn requested_devices(session: &IssuerSession<'_>, aci: &Aci) -> anyhow::Result<Vec<Device>> {
    const NAME: TransactionName = TransactionName::new("list devices");
    let mut devices = session.database.read(NAME).await?.devices(aci).await?;
    devices.retain(|device| device.origin == DeviceOrigin::Request);
    Ok(devices)
}

/// Asks before sessions end and devices are deleted, unless `yes` was said already.
fn confirm_losses(sessions: usize, devices: &[Device], yes: bool) -> anyhow::Result<()> {
    let mut losses = Vec::new();
    if sessions > 0 {
        losses.push(format!("ends the sessions of the account ({sessions})"));
    }
    if !devices.is_empty() {
        losses.push(format!(
            "deletes the devices that requests have given a password of their own: {} (with \
             --keep-devices they stay)",
            names(devices)
        ));
    }
    if losses.is_empty() {
        return Ok(());
    }
    let losses = losses.join(", and ");
    confirm(yes, &format!("A new password also {losses}. Set it?"))
}

fn names(devices: &[Device]) -> String {
    let named = |device: &Device| format!("{} ({})", device.id, plain(device.name.as_str()));
    let mut names: Vec<_> = devices.iter().take(MOST_NAMES).map(named).collect();
    if let more @ 1.. = devices.len().saturating_sub(MOST_NAMES) {
        names.push(format!("{more} more"));
    }
    names.join(", ")
}

/// Converts an error that an operator can resolve to a failure with the next step.
pub(crate) fn explained(error: StoreError) -> anyhow::Error {
    match error {
        StoreError::EmailTaken => Failure::failed("another account has this email address")
            .next("Name another address, or look at `anteroom account list`")
            .into(),
        StoreError::AccountMissing => no_account().into(),
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use anteroom_console::explanation::PASSWORD_CHARACTERS;

    use super::*;

    #[test]
    fn a_person_is_told_the_limits_that_the_issuer_checks() {
        let limits = [Password::MIN_CHARACTERS, Password::MAX_CHARACTERS];
        assert_eq!(PASSWORD_CHARACTERS, limits);
    }
}
