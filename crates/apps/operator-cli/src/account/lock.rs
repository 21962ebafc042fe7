//! `anteroom account unlock`: the end of locks.

use anteroom_console::os;
use anteroom_protocol::{Aci, Timestamp};
use anteroom_store::{IssuerDatabase as _, IssuerReader, LockPolicy, LoginLock, TransactionName};
use serde_json::json;

use crate::operator_session::{IssuerSession, no_account};

/// Returns the lock of an account's login, if it has a login.
pub(super) async fn of_account(
    reader: &mut dyn IssuerReader,
    aci: &Aci,
    policy: LockPolicy,
    now: Timestamp,
) -> anyhow::Result<Option<LoginLock>> {
    match reader.login(aci).await? {
        Some(login) => Ok(Some(reader.login_lock(&login.email, now, policy).await?)),
        None => Ok(None),
    }
}

/// Removes the reasons that prevent an account from signing in: locks by wrong passwords, and being disabled.
pub(super) async fn unlock(session: &IssuerSession<'_>, name: &str) -> anyhow::Result<()> {
    const NAME: TransactionName = TransactionName::new("unlock account");
    let policy = session.settings.login.lock_policy();
    let changes = session.changes()?;
    let aci = session.find(name).await?;
    let now = os::now();
    let mut transaction = session.database.begin(NAME).await?;
    let account = transaction.account(&aci).await?;
    let was_disabled = account.ok_or_else(no_account)?.disabled;
    let login = transaction.login(&aci).await?;
    let mut lock = LoginLock::default();
    if let Some(login) = &login {
        lock = transaction.login_lock(&login.email, now, policy).await?;
        transaction.clear_login_failures(&login.email, None).await?;
    }
    transaction.set_disabled(&aci, false).await?;
    transaction.save().await?;
    changes.note("account.unlocked", &aci);
    let was_locked = lock.locked_origins > 0;
    let report = json!({
        "uuid": aci.to_uuid_string(),
        "wasDisabled": was_disabled,
        "wasLocked": was_locked,
        "forgottenFailures": lock.failures,
    });
    let text = match (was_locked, was_disabled) {
        (true, true) => "Enabled the account, and ended the lock of its login.",
        (true, false) => "Ended the lock of the account's login.",
        (false, true) => "Enabled the account.",
        (false, false) => "The account was neither locked nor disabled.",
    };
    session.context.show(&report, text)
}
