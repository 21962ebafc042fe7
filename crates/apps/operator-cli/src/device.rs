//! `anteroom device` for a named account, directly on the issuer's database, like `anteroom account`.

use anteroom_accounts::ChangeCause;
use anteroom_console::{
    context::Context,
    device_report::{self, no_device},
    os,
    own_account::DeviceAction,
};
use anteroom_server::settings::Settings;
use anteroom_store::{DeviceId, DeviceName, IssuerDatabase as _, TransactionName};
use anyhow::Context as _;

use crate::{
    arguments::{Device, DeviceRequest},
    device_add,
    device_row::report_of,
    operator_session::IssuerSession,
};

/// Runs one of the commands on the devices of any account.
pub async fn run(command: Device, settings: &Settings, context: &Context) -> anyhow::Result<()> {
    let work = async |session: &IssuerSession<'_>| run_on(session, command).await;
    IssuerSession::run(settings, context, work).await
}

/// Runs one of them on the open database.
pub(crate) async fn run_on(session: &IssuerSession<'_>, command: Device) -> anyhow::Result<()> {
    if let Device::Add(options) = command {
        return device_add::run(session, &options).await;
    }
    let DeviceRequest { owner, action, .. } = command.request()?;
    let account = &owner.context("name the account whose devices are meant")?;
    match action {
        DeviceAction::List => list(session, account).await,
        DeviceAction::Rename { device, name } => rename(session, account, device, &name).await,
        DeviceAction::Delete { device, yes } => delete(session, account, device, yes).await,
    }
}

async fn list(session: &IssuerSession<'_>, account: &str) -> anyhow::Result<()> {
    const NAME: TransactionName = TransactionName::new("list devices");
    let retention = session.settings.login.device_retention();
    let aci = session.find(account).await?;
    let devices = session.database.read(NAME).await?.devices(&aci).await?;
    let now = os::now();
    let report = |device| report_of(device, retention, now);
    let reports: Vec<_> = devices.iter().map(report).collect();
    device_report::show_list(&aci.to_uuid_string(), &reports, session.context)
}

async fn rename(
    session: &IssuerSession<'_>,
    account: &str,
    device: u32,
    name: &str,
) -> anyhow::Result<()> {
    const NAME: TransactionName = TransactionName::new("rename device");
    let changes = session.changes()?;
    let name = DeviceName::parse(name)?;
    let aci = session.find(account).await?;
    let mut transaction = session.database.begin(NAME).await?;
    let id = id(device)?;
    let renamed = changes
        .of(&mut *transaction, os::now())
        .rename(&aci, id, &name, ChangeCause::Operator, &mut os::rng())
        .await?;
    let renamed = renamed.ok_or_else(no_device)?;
    transaction.save().await?;
    changes.announce(&renamed);
    changes.note_device("device.renamed", &aci, id);
    device_report::show_rename(
        &aci.to_uuid_string(),
        device,
        name.as_str(),
        session.context,
    )
}

async fn delete(
    session: &IssuerSession<'_>,
    account: &str,
    device: u32,
    yes: bool,
) -> anyhow::Result<()> {
    const NAME: TransactionName = TransactionName::new("delete device");
    let changes = session.changes()?;
    let retention = session.settings.login.device_retention();
    let id = id(device)?;
    let aci = session.find(account).await?;
    let found = session.database.read(NAME).await?.device(&aci, id).await?;
    let found = found.ok_or_else(no_device)?;
    report_of(&found, retention, os::now()).confirm_deletion(yes)?;
    let mut transaction = session.database.begin(NAME).await?;
    let deleted = changes
        .of(&mut *transaction, os::now())
        .delete(&aci, id, ChangeCause::Operator)
        .await?;
    let deleted = deleted.ok_or_else(no_device)?;
    // The device leaves the others none of the limits that it has used up.
    transaction.renew_limits(&aci).await?;
    transaction.save().await?;
    changes.announce(&deleted);
    device_report::show_deletion(&aci.to_uuid_string(), device, session.context)
}

fn id(number: u32) -> anyhow::Result<DeviceId> {
    DeviceId::new(number).context("devices count from 1")
}
