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

use anteroom_protocol::Aci;
use anteroom_service::Clock as _;
use anteroom_store::{
    Account as StoredAccount, AccountRole, Device, DeviceState, Email, IssuerDatabase as _,
    TransactionName,
};
use anteroom_store_sql::SqliteIssuer;
use anyhow::{Context as _, anyhow};
use serde::Serialize;

pub(super) use self::{
    address::shown,
    password::{explained, verifier},
};
use super::{account_add, device};
use crate::{
    cli::{Account, AccountInvite, InviteCommand},
    data_dir::DataDir,
    databases,
    environment::Environment,
    operator_changes::OperatorChanges,
    os::OsClock,
    settings::Settings,
};

/// Runs one of the commands on accounts.
pub(super) async fn run(
    command: Account,
    settings: &Settings,
    data: &DataDir,
    environment: &Environment,
) -> anyhow::Result<()> {
    if let Account::Add(options) = &command {
        return account_add::run(options, settings, data, environment).await;
    }
    let database = open(data, environment).await?;
    let done = run_on(&database, command, settings, data, environment).await;
    database.close().await;
    done
}

async fn run_on(
    database: &SqliteIssuer,
    command: Account,
    settings: &Settings,
    data: &DataDir,
    environment: &Environment,
) -> anyhow::Result<()> {
    match command {
        Account::Add(_) => Ok(()),
        Account::List { json } => list::run(database, json).await,
        Account::Show { account, json } => {
            show::run(database, &account.account, &settings.login, json).await
        }
        Account::Device(command) => device::run_on(database, command, settings, data).await,
        Account::Sessions(options) if !options.end => sessions::list(database, &options).await,
        Account::Invite(AccountInvite {
            command: Some(InviteCommand::List { json }),
            ..
        }) => invites::list(database, json).await,
        command => {
            let changes = OperatorChanges::open(settings, data, database)?;
            change_account(database, command, settings, changes, environment).await
        }
    }
}

/// Runs a command that changes accounts, and writes its events.
async fn change_account(
    database: &SqliteIssuer,
    command: Account,
    settings: &Settings,
    changes: OperatorChanges,
    environment: &Environment,
) -> anyhow::Result<()> {
    let done = match command {
        Account::Disable(change) => change::disable(database, &change, &changes, true).await,
        Account::Enable(change) => change::disable(database, &change, &changes, false).await,
        Account::Unlock(change) => {
            lock::unlock(database, &change, &changes, settings.login.lock_policy()).await
        }
        Account::Sessions(options) => sessions::end(database, &options, &changes).await,
        Account::Role {
            account,
            role,
            json,
        } => change::role(database, &account.account, role, &changes, json).await,
        Account::Delete { account, yes, json } => {
            change::delete(database, &account.account, &changes, yes, json).await
        }
        Account::Invite(options) => match options.command {
            Some(InviteCommand::Cancel { invite, json, .. }) => {
                invites::cancel(database, invite.as_deref(), &changes, json).await
            }
            _ => invite::run(database, options.days, options.json, settings, &changes).await,
        },
        Account::SetPassword {
            account,
            email,
            password_file,
            keep_devices,
            yes,
            json,
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
        Account::Add(_) | Account::List { .. } | Account::Show { .. } | Account::Device(_) => {
            Ok(())
        }
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
        let aci = Aci::parse(name)
            .map_err(|_| anyhow!("an account is named by its UUID or by an email address"))?;
        reader.account(&aci).await?.map(|account| account.aci)
    };
    found.context("there is no such account")
}

fn parse_email(text: &str) -> anyhow::Result<Email> {
    Ok(Email::parse(text)?)
}

/// Returns the address of a login that is to be added.
pub(super) fn parse_new_email(text: &str) -> anyhow::Result<Email> {
    Ok(Email::parse_new(text)?)
}

/// A device in JSON output.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeviceReport<'a> {
    id: u32,
    name: &'a str,
    created: u64,
    last_seen: u64,
    last_address: Option<String>,
    state: &'static str,
}

impl<'a> DeviceReport<'a> {
    pub(super) fn new(device: &'a Device, state: DeviceState) -> Self {
        Self {
            id: device.id.as_u32(),
            name: device.name.as_str(),
            created: device.created.as_secs(),
            last_seen: device.last_seen.as_secs(),
            last_address: device.last_address.map(|address| address.to_string()),
            state: state.as_str(),
        }
    }
}

/// An account in JSON output.
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
    created: u64,
    devices: u32,
}

impl<'a> AccountReport<'a> {
    fn new(
        account: &StoredAccount,
        email: Option<&'a Email>,
        email_verified: bool,
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
            created: account.created.as_secs(),
            devices,
        }
    }

    /// Returns the remarks that follow the name.
    fn remarks(&self) -> String {
        let mut remarks = Vec::new();
        if self.role == AccountRole::Administrator.as_str() {
            remarks.push("administrator");
        }
        if self.disabled {
            remarks.push("disabled");
        }
        if self.email.is_some() && !self.email_verified {
            remarks.push("email not confirmed");
        }
        remarks.join(", ")
    }

    fn shown_email(&self) -> &str {
        self.shown_email.as_deref().unwrap_or("-")
    }
}
