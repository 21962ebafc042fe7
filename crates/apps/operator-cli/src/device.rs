//! `anteroom device` for a named account, directly on the issuer's database, like `anteroom account`.

use anteroom_accounts::ChangeCause;
use anteroom_console::{
    context::Context,
    device_report::{self, no_device},
    os,
    own_account::DeviceAction,
};
use anteroom_server::settings::Settings;
use anteroom_store::{DeviceId, DeviceName, DeviceRetention, IssuerDatabase as _, TransactionName};
use anteroom_store_sqlite::SqliteIssuer;
use anyhow::Context as _;

use crate::{
    account::lookup::{find, open},
    arguments::{Device, DeviceRequest},
    device_add,
    device_row::report_of,
    operator_changes::OperatorChanges,
};

/// Runs one of the commands on the devices of any account.
pub async fn run(command: Device, settings: &Settings, context: &Context) -> anyhow::Result<()> {
    let database = open(context).await?;
    let done = run_on(&database, command, settings, context).await;
    database.close().await;
    done
}

/// Runs one of them on the open database.
pub async fn run_on(
    database: &SqliteIssuer,
    command: Device,
    settings: &Settings,
    context: &Context,
) -> anyhow::Result<()> {
    let changes = || OperatorChanges::open(settings, &context.data, database);
    if let Device::Add(options) = command {
        let changes = changes()?;
        device_add::run(&options, &changes, context.json).await?;
        changes.close();
        return Ok(());
    }
    let DeviceRequest { owner, action, .. } = command.request()?;
    let account = &owner.context("name the account whose devices are meant")?;
    match action {
        DeviceAction::List => {
            let retention = settings.login.device_retention();
            list(database, account, retention, context.json).await
        }
        DeviceAction::Rename { device, name } => {
            let changes = changes()?;
            rename(&changes, account, device, &name, context.json).await?;
            changes.close();
            Ok(())
        }
        DeviceAction::Delete { device, yes } => {
            let changes = changes()?;
            delete(&changes, account, device, yes, context.json).await?;
            changes.close();
            Ok(())
        }
    }
}

async fn list(
    database: &SqliteIssuer,
    account: &str,
    retention: DeviceRetention,
    json: bool,
) -> anyhow::Result<()> {
    const NAME: TransactionName = TransactionName::new("list devices");
    let aci = find(database, account).await?;
    let devices = database.read(NAME).await?.devices(&aci).await?;
    let now = os::now();
    let report = |device| report_of(device, retention, now);
    let reports: Vec<_> = devices.iter().map(report).collect();
    device_report::show_list(&aci.to_uuid_string(), &reports, json)
}

async fn rename(
    changes: &OperatorChanges,
    account: &str,
    device: u32,
    name: &str,
    json: bool,
) -> anyhow::Result<()> {
    const NAME: TransactionName = TransactionName::new("rename device");
    let name = DeviceName::parse(name)?;
    let aci = find(&changes.database, account).await?;
    let mut transaction = changes.database.begin(NAME).await?;
    let renamed = changes
        .of(&mut *transaction, os::now())
        .rename(
            &aci,
            id(device)?,
            &name,
            ChangeCause::Operator,
            &mut os::rng(),
        )
        .await?;
    let renamed = renamed.ok_or_else(no_device)?;
    transaction.save().await?;
    changes.announce(&renamed);
    changes.note_device("device.renamed", &aci, id(device)?);
    device_report::show_rename(&aci.to_uuid_string(), device, name.as_str(), json)
}

async fn delete(
    changes: &OperatorChanges,
    account: &str,
    device: u32,
    yes: bool,
    json: bool,
) -> anyhow::Result<()> {
    const NAME: TransactionName = TransactionName::new("delete device");
    let id = id(device)?;
    let aci = find(&changes.database, account).await?;
    let found = changes.database.read(NAME).await?.device(&aci, id).await?;
    let found = found.ok_or_else(no_device)?;
    report_of(&found, changes.retention(), os::now()).confirm_deletion(yes)?;
    let mut transaction = changes.database.begin(NAME).await?;
    let deleted = changes
        .of(&mut *transaction, os::now())
        .delete(&aci, id, ChangeCause::Operator)
        .await?;
    let deleted = deleted.ok_or_else(no_device)?;
    // The device leaves the others none of the limits that it has used up.
    transaction.renew_limits(&aci).await?;
    transaction.save().await?;
    changes.announce(&deleted);
    device_report::show_deletion(&aci.to_uuid_string(), device, json)
}

fn id(number: u32) -> anyhow::Result<DeviceId> {
    DeviceId::new(number).context("devices count from 1")
}
