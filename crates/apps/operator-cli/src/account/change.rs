//! `anteroom account disable`, `enable`, `role` and `delete`

use anteroom_accounts::ChangeCause;
use anteroom_console::{
    os,
    terminal::{confirm, print, print_json},
};
use anteroom_protocol::Aci;
use anteroom_store::{AccountRole, IssuerDatabase as _, TransactionName};
use anyhow::ensure;
use serde_json::json;

use super::lookup::{find, no_account};

use crate::{arguments::RoleArgument, operator_changes::OperatorChanges};

/// Disables an account, or enables it again.
///
/// Disabling an account ends its sessions. Enabling it does not restore them.
pub(super) async fn disable(
    name: &str,
    changes: &OperatorChanges,
    yes: bool,
    json: bool,
) -> anyhow::Result<()> {
    const NAME: TransactionName = TransactionName::new("disable account");
    let aci = find(&changes.database, name).await?;
    let uuid = aci.to_uuid_string();
    confirm(
        yes,
        &format!(
            "Disable the account {uuid}? Its sessions end, and do not come back when it is enabled."
        ),
    )?;
    let mut transaction = changes.database.begin(NAME).await?;
    must_be_there(transaction.set_disabled(&aci, true).await?)?;
    transaction.end_sessions(&aci).await?;
    transaction.save().await?;
    changes.note("account.disabled", &aci);
    if json {
        return print_member(&aci, "disabled", true);
    }
    print("Disabled the account: its sessions have ended, and nobody can sign in as it.")?;
    Ok(())
}

/// Lets a disabled account sign in again.
pub(super) async fn enable(
    name: &str,
    changes: &OperatorChanges,
    json: bool,
) -> anyhow::Result<()> {
    const NAME: TransactionName = TransactionName::new("enable account");
    let aci = find(&changes.database, name).await?;
    let mut transaction = changes.database.begin(NAME).await?;
    must_be_there(transaction.set_disabled(&aci, false).await?)?;
    transaction.save().await?;
    changes.note("account.enabled", &aci);
    if json {
        return print_member(&aci, "disabled", false);
    }
    print("Enabled the account.")?;
    Ok(())
}

/// Sets the role of an account.
pub(super) async fn role(
    name: &str,
    role: RoleArgument,
    changes: &OperatorChanges,
    json: bool,
) -> anyhow::Result<()> {
    const NAME: TransactionName = TransactionName::new("set role");
    let role = AccountRole::from(role);
    let aci = find(&changes.database, name).await?;
    let mut transaction = changes.database.begin(NAME).await?;
    must_be_there(transaction.set_role(&aci, role).await?)?;
    transaction.save().await?;
    changes.note("account.role_set", &aci);
    if json {
        return print_member(&aci, "role", role.as_str());
    }
    print(&format!("The account's role is {} now.", role.as_str()))?;
    Ok(())
}

/// Deletes an account with all that belongs to it.
pub(super) async fn delete(
    name: &str,
    changes: &OperatorChanges,
    yes: bool,
    json: bool,
) -> anyhow::Result<()> {
    const NAME: TransactionName = TransactionName::new("delete account");
    let aci = find(&changes.database, name).await?;
    let uuid = aci.to_uuid_string();
    confirm(
        yes,
        &format!("Delete the account {uuid} with its login and all its devices?"),
    )?;
    let mut transaction = changes.database.begin(NAME).await?;
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
    if json {
        return print_member(&aci, "deleted", true);
    }
    print("Deleted the account: nothing of it can sign in any more.")?;
    Ok(())
}

/// The account was present when it was looked up.
fn must_be_there(was_there: bool) -> anyhow::Result<()> {
    ensure!(was_there, no_account());
    Ok(())
}

fn print_member(aci: &Aci, name: &str, value: impl Into<serde_json::Value>) -> anyhow::Result<()> {
    let value = value.into();
    print_json(&json!({ "uuid": aci.to_uuid_string(), name: value }))
}

impl From<RoleArgument> for AccountRole {
    fn from(role: RoleArgument) -> Self {
        match role {
            RoleArgument::Member => Self::Member,
            RoleArgument::Administrator => Self::Administrator,
        }
    }
}
