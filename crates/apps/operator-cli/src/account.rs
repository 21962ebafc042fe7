//! `anteroom account`: on the issuer's database itself. A service that runs on it sees every change
//! with the next request.

pub(crate) mod address;
mod change;
mod invite;
mod invites;
mod list;
mod lock;
pub(crate) mod lookup;
pub(crate) mod password;
mod report;
mod sessions;
mod show;

use anteroom_console::context::Context;
use anteroom_server::settings::Settings;
use anteroom_store_sqlite::SqliteIssuer;

use crate::{
    account::lookup::open,
    account_add,
    arguments::{AccountCommand, AccountInvite, InviteCommand},
    device,
    operator_changes::OperatorChanges,
};

/// Runs one of the commands on accounts.
pub async fn run(
    command: AccountCommand,
    settings: &Settings,
    context: &Context,
) -> anyhow::Result<()> {
    if let AccountCommand::Add(options) = &command {
        return account_add::run(options, settings, context).await;
    }
    let database = open(context).await?;
    let done = run_on(&database, command, settings, context).await;
    database.close().await;
    done
}

async fn run_on(
    database: &SqliteIssuer,
    command: AccountCommand,
    settings: &Settings,
    context: &Context,
) -> anyhow::Result<()> {
    match command {
        AccountCommand::Add(_) => Ok(()),
        AccountCommand::List => list::run(database, &settings.login, context.json).await,
        AccountCommand::Show { account } => {
            show::run(database, &account.account, &settings.login, context.json).await
        }
        AccountCommand::Device(command) => {
            device::run_on(database, command, settings, context).await
        }
        AccountCommand::Sessions(options) if !options.end => {
            sessions::list(database, &options.account.account, context.json).await
        }
        AccountCommand::Invite(AccountInvite {
            command: Some(InviteCommand::List),
            ..
        }) => invites::list(database, context.json).await,
        command => {
            let changes = OperatorChanges::open(settings, &context.data, database)?;
            change_account(command, settings, context, changes).await
        }
    }
}

/// Runs a command that changes accounts, and writes its events.
async fn change_account(
    command: AccountCommand,
    settings: &Settings,
    context: &Context,
    changes: OperatorChanges,
) -> anyhow::Result<()> {
    let done = match command {
        AccountCommand::Disable { account, yes } => {
            change::disable(&account.account, &changes, yes, context.json).await
        }
        AccountCommand::Enable(account) => {
            change::enable(&account.account, &changes, context.json).await
        }
        AccountCommand::Unlock(account) => {
            lock::unlock(
                &account.account,
                &changes,
                settings.login.lock_policy(),
                context.json,
            )
            .await
        }
        AccountCommand::Sessions(options) => {
            sessions::end(
                &options.account.account,
                &changes,
                options.yes,
                context.json,
            )
            .await
        }
        AccountCommand::Role { account, role } => {
            change::role(&account.account, role, &changes, context.json).await
        }
        AccountCommand::Delete { account, yes } => {
            change::delete(&account.account, &changes, yes, context.json).await
        }
        AccountCommand::Invite(options) => match options.command {
            Some(InviteCommand::Cancel { invite, yes, .. }) => {
                invites::cancel(invite.as_deref(), &changes, yes, context.json).await
            }
            _ => invite::run(options.days, context.json, settings, &changes).await,
        },
        AccountCommand::SetPassword {
            account,
            email,
            password_file,
            keep_devices,
            yes,
        } => {
            let new = password::NewPassword {
                email: email.as_deref(),
                file: password_file.as_deref(),
                cost: settings.login.cost(),
                keep_devices,
                yes,
            };
            password::set(&changes, &account.account, &new, context).await
        }
        AccountCommand::Add(_)
        | AccountCommand::List
        | AccountCommand::Show { .. }
        | AccountCommand::Device(_) => Ok(()),
    };
    changes.close();
    done
}
