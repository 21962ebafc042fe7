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

use anteroom_console::{data_dir::DataDir, environment::Environment};
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
    json: bool,
    settings: &Settings,
    data: &DataDir,
    environment: &Environment,
) -> anyhow::Result<()> {
    if let AccountCommand::Add(options) = &command {
        return account_add::run(options, json, settings, data, environment).await;
    }
    let database = open(data, environment).await?;
    let done = run_on(&database, command, json, settings, data, environment).await;
    database.close().await;
    done
}

async fn run_on(
    database: &SqliteIssuer,
    command: AccountCommand,
    json: bool,
    settings: &Settings,
    data: &DataDir,
    environment: &Environment,
) -> anyhow::Result<()> {
    match command {
        AccountCommand::Add(_) => Ok(()),
        AccountCommand::List => list::run(database, &settings.login, json).await,
        AccountCommand::Show { account } => {
            show::run(database, &account.account, &settings.login, json).await
        }
        AccountCommand::Device(command) => {
            device::run_on(database, command, json, settings, data).await
        }
        AccountCommand::Sessions(options) if !options.end => {
            sessions::list(database, &options.account.account, json).await
        }
        AccountCommand::Invite(AccountInvite {
            command: Some(InviteCommand::List),
            ..
        }) => invites::list(database, json).await,
        command => {
            let changes = OperatorChanges::open(settings, data, database)?;
            change_account(database, command, json, settings, changes, environment).await
        }
    }
}

/// Runs a command that changes accounts, and writes its events.
async fn change_account(
    database: &SqliteIssuer,
    command: AccountCommand,
    json: bool,
    settings: &Settings,
    changes: OperatorChanges,
    environment: &Environment,
) -> anyhow::Result<()> {
    let done = match command {
        AccountCommand::Disable { account, yes } => {
            change::disable(database, &account.account, &changes, yes, json).await
        }
        AccountCommand::Enable(account) => {
            change::enable(database, &account.account, &changes, json).await
        }
        AccountCommand::Unlock(account) => {
            lock::unlock(
                database,
                &account.account,
                &changes,
                settings.login.lock_policy(),
                json,
            )
            .await
        }
        AccountCommand::Sessions(options) => {
            sessions::end(
                database,
                &options.account.account,
                &changes,
                options.yes,
                json,
            )
            .await
        }
        AccountCommand::Role { account, role } => {
            change::role(database, &account.account, role, &changes, json).await
        }
        AccountCommand::Delete { account, yes } => {
            change::delete(database, &account.account, &changes, yes, json).await
        }
        AccountCommand::Invite(options) => match options.command {
            Some(InviteCommand::Cancel { invite, yes, .. }) => {
                invites::cancel(database, invite.as_deref(), &changes, yes, json).await
            }
            _ => invite::run(database, options.days, json, settings, &changes).await,
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
            password::set(
                database,
                &changes,
                &account.account,
                &new,
                environment,
                json,
            )
            .await
        }
        AccountCommand::Add(_)
        | AccountCommand::List
        | AccountCommand::Show { .. }
        | AccountCommand::Device(_) => Ok(()),
    };
    changes.close();
    done
}
