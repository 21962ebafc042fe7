//! The devices of an account as commands show them, to an operator and to the account's owner.

use anteroom_client::{DeviceEntry, DeviceState};
use anteroom_console::terminal::{confirm, plain, print, print_json, second};
use anteroom_protocol::Timestamp;
use anteroom_store::{Device, DeviceRetention};
use serde::Serialize;
use serde_json::json;

/// A device as it is printed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeviceReport<'a> {
    id: u32,
    name: &'a str,
    created: u64,
    last_seen: u64,
    last_address: Option<String>,
    state: &'static str,
    /// Whether it is the device that asks. An operator asks with none.
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<bool>,
}

/// The devices of an account.
#[derive(Serialize)]
struct ListReport<'a> {
    uuid: &'a str,
    devices: &'a [DeviceReport<'a>],
}

impl<'a> DeviceReport<'a> {
    /// The device of a row of the database.
    pub(super) fn of_row(device: &'a Device, retention: DeviceRetention, now: Timestamp) -> Self {
        Self {
            id: device.id.as_u32(),
            name: device.name.as_str(),
            created: device.created.as_secs(),
            last_seen: device.last_seen.as_secs(),
            last_address: device.last_address.map(|address| address.to_string()),
            state: retention.state(Some(device), now).as_str(),
            current: None,
        }
    }

    /// The device of an entry that the issuer sent to one of the account's devices.
    pub(super) fn of_entry(device: &'a DeviceEntry) -> Self {
        Self {
            id: device.id.number(),
            name: &device.name,
            created: device.created.as_secs(),
            last_seen: device.last_seen.as_secs(),
            last_address: device.last_address.clone(),
            state: match device.state {
                DeviceState::Active => "active",
                DeviceState::Stale => "stale",
            },
            current: Some(device.current),
        }
    }

    /// Asks before the device is deleted, unless `yes` was said already.
    pub(super) fn confirm_deletion(&self, yes: bool) -> anyhow::Result<()> {
        let own = match self.current {
            Some(true) => " It is the one that you are using.",
            _ => "",
        };
        let (id, name) = (self.id, plain(self.name));
        confirm(
            yes,
            &format!("Delete device {id} ({name}) with its password and sessions?{own}"),
        )
    }

    fn line(&self) -> String {
        let address = self.last_address.as_deref();
        let address = address.map(|address| format!(" from {}", plain(address)));
        let own = match self.current {
            Some(true) => "  (this one)",
            _ => "",
        };
        format!(
            "  device   {}  {}  last seen {}{}  {}{own}",
            self.id,
            self.state,
            second(Timestamp::from_secs(self.last_seen)),
            address.unwrap_or_default(),
            plain(self.name),
        )
    }
}

/// Prints the devices of an account.
pub(super) fn show_list(
    uuid: &str,
    devices: &[DeviceReport<'_>],
    json: bool,
) -> anyhow::Result<()> {
    if json {
        return print_json(&ListReport { uuid, devices });
    }
    show_lines(devices)
}

/// Prints one line for each device.
pub(super) fn show_lines(devices: &[DeviceReport<'_>]) -> anyhow::Result<()> {
    if devices.is_empty() {
        print("  no devices: a login makes one, and so does `anteroom device add`")?;
    }
    for device in devices {
        print(&device.line())?;
    }
    Ok(())
}

/// Prints that a device has another name.
pub(super) fn show_rename(uuid: &str, device: u32, name: &str, json: bool) -> anyhow::Result<()> {
    if json {
        return print_json(&json!({ "uuid": uuid, "deviceId": device, "name": name }));
    }
    print(&format!("Renamed device {device}."))?;
    Ok(())
}

/// Prints that a device is deleted.
pub(super) fn show_deletion(uuid: &str, device: u32, json: bool) -> anyhow::Result<()> {
    if json {
        return print_json(&json!({ "uuid": uuid, "deviceId": device, "deleted": true }));
    }
    print(&format!(
        "Deleted device {device}: its password, sessions and tokens have ended."
    ))?;
    Ok(())
}
