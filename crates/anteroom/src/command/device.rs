//! `anteroom device`: on the issuer's database itself, like `anteroom account`.

use anteroom_store::{
    Device as StoredDevice, DeviceId, DeviceName, IssuerDatabase as _, TransactionName,
};
use anteroom_store_sql::SqliteIssuer;
use anyhow::{Context as _, ensure};
use serde::Serialize;
use serde_json::json;

use super::account::{DeviceReport, find, open};
use crate::{
    cli::Device,
    data_dir::DataDir,
    environment::Environment,
    os,
    terminal::{confirm, day, plain, print},
};

#[derive(Serialize)]
struct Report<'a> {
    uuid: &'a str,
    devices: Vec<DeviceReport<'a>>,
}

/// Runs one of the commands on devices.
pub(super) async fn run(
    command: Device,
    data: &DataDir,
    environment: &Environment,
) -> anyhow::Result<()> {
    let database = open(data, environment).await?;
    let done = match command {
        Device::List { account, json } => list(&database, &account.account, json).await,
        Device::Rename {
            account,
            device,
            name,
            json,
        } => rename(&database, &account.account, device, &name, json).await,
        Device::Delete {
            account,
            device,
            yes,
            json,
        } => delete(&database, &account.account, device, yes, json).await,
    };
    database.close().await;
    done
}

async fn list(database: &SqliteIssuer, account: &str, json: bool) -> anyhow::Result<()> {
    const NAME: TransactionName = TransactionName::new("list devices");
    let aci = find(database, account).await?;
    let devices = database.read(NAME).await?.devices(&aci).await?;
    if json {
        let report = Report {
            uuid: &aci.to_uuid_string(),
            devices: devices.iter().map(DeviceReport::new).collect(),
        };
        print(&serde_json::to_string(&report)?)?;
        return Ok(());
    }
    show_devices(&devices)
}

async fn rename(
    database: &SqliteIssuer,
    account: &str,
    device: u32,
    name: &str,
    json: bool,
) -> anyhow::Result<()> {
    const NAME: TransactionName = TransactionName::new("rename device");
    let name = DeviceName::parse(name)?;
    let aci = find(database, account).await?;
    let mut transaction = database.begin(NAME).await?;
    let renamed = transaction
        .rename_device(&aci, id(device)?, &name, &mut os::rng())
        .await?;
    ensure!(renamed, "the account has no such device");
    transaction.save().await?;
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
    account: &str,
    device: u32,
    yes: bool,
    json: bool,
) -> anyhow::Result<()> {
    const NAME: TransactionName = TransactionName::new("delete device");
    let id = id(device)?;
    let aci = find(database, account).await?;
    let found = database.read(NAME).await?.device(&aci, id).await?;
    let found = found.context("the account has no such device")?;
    let name = plain(found.name.as_str());
    confirm(
        yes,
        &format!("Delete device {device} ({name}) with its password and sessions?"),
    )?;
    let mut transaction = database.begin(NAME).await?;
    let deleted = transaction.delete_device(&aci, id).await?;
    ensure!(deleted, "the account has no such device");
    transaction.save().await?;
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

/// One line for each.
pub(super) fn show_devices(devices: &[StoredDevice]) -> anyhow::Result<()> {
    if devices.is_empty() {
        print("  no devices yet")?;
    }
    for device in devices {
        print(&format!(
            "  device   {}  last seen {}  {}",
            device.id,
            day(device.last_seen),
            plain(device.name.as_str()),
        ))?;
    }
    Ok(())
}
