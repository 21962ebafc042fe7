//! The devices of an account as commands show them, to an operator and to the account's owner.

use anteroom_client::{DeviceEntry, DeviceState};
use anteroom_protocol::Timestamp;
use serde::Serialize;
use serde_json::json;

use crate::{
    context::Context,
    failure::Failure,
    terminal::{confirm, plain, second},
};

/// Returns the failure of a command on a device that is not there.
pub fn no_device() -> Failure {
    Failure::failed("the account has no such device").next("Look at `anteroom device list`")
}

/// A device as it is printed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceReport<'a> {
    /// The device's number.
    pub id: u32,
    /// Its name.
    pub name: &'a str,
    /// The time of its creation, in seconds since 1970.
    pub created: u64,
    /// The time of its last request, in seconds since 1970.
    pub last_seen: u64,
    /// The address of its last request.
    pub last_address: Option<String>,
    /// `active` or `stale`.
    pub state: &'static str,
    /// Whether it is the device that asks. An operator asks with none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<bool>,
}

/// The devices of an account.
#[derive(Serialize)]
struct ListReport<'a> {
    uuid: &'a str,
    devices: &'a [DeviceReport<'a>],
}

impl<'a> DeviceReport<'a> {
    /// The device of an entry that the issuer sent to one of the account's devices.
    pub fn of_entry(device: &'a DeviceEntry) -> Self {
        Self {
            id: device.id.as_u32(),
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
    pub fn confirm_deletion(&self, yes: bool) -> anyhow::Result<()> {
        let own = match self.current {
            Some(true) => " It is the one that you are using.",
            _ => "",
        };
        let (id, name) = (self.id, plain(self.name));
        let question = format!("Delete device {id} ({name}) with its password and sessions?{own}");
        confirm(yes, &question)
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
pub fn show_list(
    uuid: &str,
    devices: &[DeviceReport<'_>],
    context: &Context,
) -> anyhow::Result<()> {
    context.show(&ListReport { uuid, devices }, &lines(devices))
}

/// Returns a line for each device.
pub fn lines(devices: &[DeviceReport<'_>]) -> String {
    if devices.is_empty() {
        return "  no devices: a login makes one, and so does `anteroom device add`".to_owned();
    }
    let lines: Vec<_> = devices.iter().map(DeviceReport::line).collect();
    lines.join("\n")
}

/// Prints that a device has another name.
pub fn show_rename(uuid: &str, device: u32, name: &str, context: &Context) -> anyhow::Result<()> {
    context.show(
        &json!({ "uuid": uuid, "deviceId": device, "name": name }),
        &format!("Renamed device {device}."),
    )
}

/// Prints that a device is deleted.
pub fn show_deletion(uuid: &str, device: u32, context: &Context) -> anyhow::Result<()> {
    context.show(
        &json!({ "uuid": uuid, "deviceId": device, "deleted": true }),
        &format!("Deleted device {device}: its password, sessions and tokens have ended."),
    )
}
