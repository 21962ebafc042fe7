//! `anteroom account disable`, `enable`, `role` and `delete`

use anteroom_accounts::ChangeCause;
use anteroom_console::{os, terminal::confirm};
use anteroom_store::{AccountRole, IssuerDatabase as _, TransactionName};
use anyhow::ensure;
use serde_json::json;

use crate::{
    arguments::RoleArgument,
    operator_session::{IssuerSession, no_account, refuse_guest},
};

/// Disables an account, which ends its sessions.
pub(super) async fn disable(
    session: &IssuerSession<'_>,
    name: &str,
    yes: bool,
) -> anyhow::Result<()> {
    const NAME: TransactionName = TransactionName::new("disable account");
    let changes = session.changes()?;
    let aci = session.find(name).await?;
    let uuid = aci.to_uuid_string();
    let question = format!(
        "Disable the account {uuid}? Its sessions end, and do not come back when it is enabled."
    );
    confirm(yes, &question)?;
    let mut transaction = session.database.begin(NAME).await?;
    must_be_there(transaction.set_disabled(&aci, true).await?)?;
    transaction.end_sessions(&aci).await?;
    transaction.save().await?;
    changes.note("account.disabled", &aci);
    session.context.show(
        &json!({ "uuid": uuid, "disabled": true }),
        "Disabled the account: its sessions have ended, and nobody can sign in as it.",
    )
}

/// Lets a disabled account sign in again. Its sessions are not restored.
pub(super) async fn enable(session: &IssuerSession<'_>, name: &str) -> anyhow::Result<()> {
    const NAME: TransactionName = TransactionName::new("enable account");
    let changes = session.changes()?;
    let aci = session.find(name).await?;
    let mut transaction = session.database.begin(NAME).await?;
    must_be_there(transaction.set_disabled(&aci, false).await?)?;
    transaction.save().await?;
    changes.note("account.enabled", &aci);
    let report = json!({ "uuid": aci.to_uuid_string(), "disabled": false });
    session.context.show(&report, "Enabled the account.")
}

/// Sets the role of an account.
pub(super) async fn role(
    session: &IssuerSession<'_>,
    name: &str,
    role: RoleArgument,
) -> anyhow::Result<()> {
    const NAME: TransactionName = TransactionName::new("set role");
    let role = AccountRole::from(role);
    let changes = session.changes()?;
    let aci = session.find(name).await?;
    let mut transaction = session.database.begin(NAME).await?;
    let account = transaction.account(&aci).await?.ok_or_else(no_account)?;
    refuse_guest(&account, "role")?;
    must_be_there(transaction.set_role(&aci, role).await?)?;
    transaction.save().await?;
    changes.note("account.role_set", &aci);
    let role = role.as_str();
    session.context.show(
        &json!({ "uuid": aci.to_uuid_string(), "role": role }),
        &format!("The account's role is {role} now."),
    )
}

/// Deletes an account with all that belongs to it.
pub(super) async fn delete(
    session: &IssuerSession<'_>,
    name: &str,
    yes: bool,
) -> anyhow::Result<()> {
    const NAME: TransactionName = TransactionName::new("delete account");
    let changes = session.changes()?;
    let aci = session.find(name).await?;
    let uuid = aci.to_uuid_string();
    let question = format!("Delete the account {uuid} with its login and all its devices?");
    confirm(yes, &question)?;
    let mut transaction = session.database.begin(NAME).await?;
    let deleted = changes
        .of(&mut *transaction, os::now())
        .delete_account(&aci, ChangeCause::Operator)
        .await?;
    let deleted = deleted.ok_or_else(no_account)?;
    transaction.save().await?;
    for change in &deleted {
        changes.announce(change);
    }
    changes.note("account.deleted", &aci);
    session.context.show(
        &json!({ "uuid": uuid, "deleted": true }),
        "Deleted the account: nothing of it can sign in any more.",
    )
}

/// The account was present when it was looked up.
fn must_be_there(was_there: bool) -> anyhow::Result<()> {
    ensure!(was_there, no_account());
    Ok(())
}

impl From<RoleArgument> for AccountRole {
    fn from(role: RoleArgument) -> Self {
        match role {
            RoleArgument::Member => Self::Member,
            RoleArgument::Administrator => Self::Administrator,
        }
    }
}
