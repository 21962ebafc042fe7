//! `anteroom device`: for a named account directly on the issuer's database, like `anteroom account`; else
//! for the user's own account.

use anteroom_issuer::Actor;
use anteroom_service::Clock as _;
use anteroom_store::{
    Device as StoredDevice, DeviceId, DeviceName, DeviceRetention, IssuerDatabase as _,
    TransactionName,
};
use anteroom_store_sql::SqliteIssuer;
use anyhow::Context as _;
use serde::Serialize;
use serde_json::json;

use super::{
    account::{DeviceReport, find, open},
    device_add, own_devices,
};
use crate::{
    cli::{Device, DeviceAction, DeviceRequest},
    data_dir::DataDir,
    environment::Environment,
    operator_changes::OperatorChanges,
    os::{self, OsClock},
    settings::Settings,
    terminal::{confirm, plain, print, second},
};

pub(super) const NO_DEVICE: &str = "the account has no such device: look at `anteroom device list`";

#[derive(Serialize)]
struct Report<'a> {
    uuid: &'a str,
    devices: Vec<DeviceReport<'a>>,
}

/// Runs one of the commands on devices.
pub(super) async fn run(
    command: Device,
    settings: &Settings,
    data: &DataDir,
    environment: &Environment,
) -> anyhow::Result<()> {
    if !command.is_own() {
        let database = open(data, environment).await?;
        let done = run_on(&database, command, settings, data).await;
        database.close().await;
        return done;
    }
    let DeviceRequest {
        own, json, action, ..
    } = command.request()?;
    own_devices::run(action, &own, json, data, environment).await
}

/// Runs one of them on the open database.
pub(super) async fn run_on(
    database: &SqliteIssuer,
    command: Device,
    settings: &Settings,
    data: &DataDir,
) -> anyhow::Result<()> {
    let changes = || OperatorChanges::open(settings, data, database);
    if let Device::Add(options) = command {
        let changes = changes()?;
        device_add::run(database, &options, &changes).await?;
        changes.close();
        return Ok(());
    }
    let DeviceRequest {
        owner,
        json,
        action,
        ..
    } = command.request()?;
    let account = &owner.context("name the account whose devices are meant")?;
    match action {
        DeviceAction::List => {
            let retention = settings.login.device_retention();
            list(database, account, retention, json).await
        }
        DeviceAction::Rename { device, name } => {
            let changes = changes()?;
            rename(database, &changes, account, device, &name, json).await?;
            changes.close();
            Ok(())
        }
        DeviceAction::Delete { device, yes } => {
            let changes = changes()?;
            delete(database, &changes, account, device, yes, json).await?;
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
    if json {
        let report = Report {
            uuid: &aci.to_uuid_string(),
            devices: reports(&devices, retention),
        };
        print(&serde_json::to_string(&report)?)?;
        return Ok(());
    }
    show_devices(&devices, retention)
}

async fn rename(
    database: &SqliteIssuer,
    changes: &OperatorChanges,
    account: &str,
    device: u32,
    name: &str,
    json: bool,
) -> anyhow::Result<()> {
    const NAME: TransactionName = TransactionName::new("rename device");
    let name = DeviceName::parse(name)?;
    let aci = find(database, account).await?;
    let mut transaction = database.begin(NAME).await?;
    let renamed = changes
        .of(&mut *transaction, OsClock.now())
        .rename(&aci, id(device)?, &name, Actor::Operator, &mut os::rng())
        .await?;
    let renamed = renamed.context(NO_DEVICE)?;
    transaction.save().await?;
    changes.announce(&renamed);
    changes.note_device("device.renamed", &aci, id(device)?);
    if json {
        let uuid = aci.to_uuid_string();
        print(&json!({ "uuid": uuid, "deviceId": device, "name": name.as_str() }).to_string())?;
    } else {
        print(&format!("Renamed device {device}."))?;
    }
    Ok(())
}

async fn delete(
    database: &SqliteIssuer,
    changes: &OperatorChanges,
    account: &str,
    device: u32,
    yes: bool,
    json: bool,
) -> anyhow::Result<()> {
    const NAME: TransactionName = TransactionName::new("delete device");
    let id = id(device)?;
    let aci = find(database, account).await?;
    let found = database.read(NAME).await?.device(&aci, id).await?;
    let found = found.context(NO_DEVICE)?;
    let name = plain(found.name.as_str());
    confirm(
        yes,
        &format!("Delete device {device} ({name}) with its password and sessions?"),
    )?;
    let mut transaction = database.begin(NAME).await?;
    let deleted = changes
        .of(&mut *transaction, OsClock.now())
        .delete(&aci, id, Actor::Operator)
        .await?;
    let deleted = deleted.context(NO_DEVICE)?;
    // The limits that the device has used up do not apply to the others.
    transaction.renew_limits(&aci).await?;
    transaction.save().await?;
    changes.announce(&deleted);
    if json {
        let uuid = aci.to_uuid_string();
        print(&json!({ "uuid": uuid, "deviceId": device, "deleted": true }).to_string())?;
    } else {
        print(&format!(
            "Deleted device {device}: its password, sessions and tokens have ended."
        ))?;
    }
    Ok(())
}

fn id(number: u32) -> anyhow::Result<DeviceId> {
    DeviceId::new(number).context("devices count from 1")
}

/// Returns the devices as they are printed as JSON.
pub(super) fn reports(
    devices: &[StoredDevice],
    retention: DeviceRetention,
) -> Vec<DeviceReport<'_>> {
    let now = OsClock.now();
    devices
        .iter()
        .map(|device| DeviceReport::new(device, retention.state(Some(device), now)))
        .collect()
}

/// Prints one line for each device.
pub(super) fn show_devices(
    devices: &[StoredDevice],
    retention: DeviceRetention,
) -> anyhow::Result<()> {
    if devices.is_empty() {
        print("  no devices: a login makes one, and so does `anteroom device add`")?;
    }
    let now = OsClock.now();
    for device in devices {
        let address = device
            .last_address
            .map(|address| format!(" from {address}"));
        print(&format!(
            "  device   {}  {}  last seen {}{}  {}",
            device.id,
            retention.state(Some(device), now).as_str(),
            second(device.last_seen),
            address.unwrap_or_default(),
            plain(device.name.as_str()),
        ))?;
    }
    Ok(())
}
