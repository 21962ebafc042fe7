//! `anteroom account`: on the issuer's database itself. A service that runs on it sees every change
//! with the next request.

mod address;
mod change;
mod invite;
mod invites;
mod list;
mod lock;
mod password;
mod sessions;
mod show;

use anteroom_console::{
    data_dir::DataDir, environment::Environment, failure::Failure, os::OsClock, terminal::second,
};
use anteroom_protocol::{Aci, Timestamp};
use anteroom_runtime::Clock as _;
use anteroom_server::{databases, settings::Settings};
use anteroom_store::{
    Account as StoredAccount, AccountRole, Email, IssuerDatabase as _, LoginLock, TransactionName,
};
use anteroom_store_sqlite::SqliteIssuer;
use serde::Serialize;

pub(super) use self::{
    address::shown,
    password::{explained, verifier},
};
use super::{account_add, device};

use crate::{
    operator_arguments::{AccountCommand, AccountInvite, InviteCommand},
    operator_changes::OperatorChanges,
};

/// Runs one of the commands on accounts.
pub(super) async fn run(
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

/// Returns the issuer's database, which must be there.
pub(super) async fn open(
    data: &DataDir,
    environment: &Environment,
) -> anyhow::Result<SqliteIssuer> {
    databases::open_existing(data, environment, OsClock.now()).await
}

/// Returns the account that is named by its UUID or by the address of its login.
pub(super) async fn find(database: &SqliteIssuer, name: &str) -> anyhow::Result<Aci> {
    const NAME: TransactionName = TransactionName::new("find account");
    let mut reader = database.read(NAME).await?;
    let found = if name.contains('@') {
        let email = parse_email(name)?;
        let found = reader.login_by_email(&email).await?;
        found.map(|(login, _)| login.aci)
    } else {
        let aci = Aci::parse(name).map_err(|_| {
            Failure::failed("that is no name of an account")
                .next("Give its UUID, or the email address of its login")
        })?;
        reader.account(&aci).await?.map(|account| account.aci)
    };
    Ok(found.ok_or_else(no_account)?)
}

/// The failure of a command on an account that is not there.
pub(super) fn no_account() -> Failure {
    Failure::failed("there is no such account").next(LIST_ACCOUNTS)
}

const LIST_ACCOUNTS: &str = "Look at `anteroom account list`";

fn parse_email(text: &str) -> anyhow::Result<Email> {
    Ok(Email::parse(text)?)
}

/// Returns the address of a login that is to be added.
pub(super) fn parse_new_email(text: &str) -> anyhow::Result<Email> {
    Ok(Email::parse_new(text)?)
}

/// An account as it is printed as JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AccountReport<'a> {
    uuid: String,
    pni: Option<String>,
    email: Option<&'a str>,
    /// The address with code points, if it has letters outside of ASCII.
    email_escaped: Option<String>,
    email_mixed_scripts: bool,
    email_verified: bool,
    #[serde(skip)]
    shown_email: Option<String>,
    role: &'static str,
    disabled: bool,
    /// The first moment at which wrong passwords lock the login nowhere any more, in seconds since
    /// 1970.
    locked_until: Option<u64>,
    failed_logins: u64,
    created: u64,
    devices: u32,
}

impl<'a> AccountReport<'a> {
    fn new(
        account: &StoredAccount,
        email: Option<&'a Email>,
        email_verified: bool,
        lock: &LoginLock,
        devices: u32,
    ) -> Self {
        Self {
            uuid: account.aci.to_uuid_string(),
            pni: account.pni.map(|pni| pni.to_uuid_string()),
            email: email.map(Email::as_str),
            email_escaped: email.and_then(address::escaped),
            email_mixed_scripts: email.is_some_and(address::has_mixed_scripts),
            shown_email: email.map(shown),
            email_verified,
            role: account.role.as_str(),
            disabled: account.disabled,
            locked_until: lock.until.map(Timestamp::as_secs),
            failed_logins: lock.failures,
            created: account.created.as_secs(),
            devices,
        }
    }

    /// Returns the remarks that follow the name.
    fn remarks(&self) -> String {
        let mut remarks = Vec::new();
        if self.role == AccountRole::Administrator.as_str() {
            remarks.push("administrator".to_owned());
        }
        if self.disabled {
            remarks.push("disabled".to_owned());
        }
        if let Some(until) = self.locked_until {
            let until = second(Timestamp::from_secs(until));
            remarks.push(format!("locked until {until}"));
        }
        if self.email.is_some() && !self.email_verified {
            remarks.push("email not confirmed".to_owned());
        }
        remarks.join(", ")
    }

    fn shown_email(&self) -> &str {
        self.shown_email.as_deref().unwrap_or("-")
    }
}
