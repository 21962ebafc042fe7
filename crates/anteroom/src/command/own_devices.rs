//! `anteroom device` for the user's own account, over the network.

use std::path::Path;

use anteroom_client::{ClientError, DeviceEntry, DeviceId, DeviceState};
use anyhow::{Context as _, bail};
use secrecy::SecretString;
use serde::Serialize;
use serde_json::json;

use super::device::NO_DEVICE;
use crate::{
    cli::{DeviceAction, OwnAccount},
    data_dir::DataDir,
    environment::{self, Environment},
    password::PasswordSource,
    session::Session,
    terminal::{confirm, plain, print, second},
};

#[derive(Serialize)]
struct Report<'a> {
    uuid: &'a str,
    devices: Vec<DeviceReport<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeviceReport<'a> {
    id: u32,
    name: &'a str,
    created: u64,
    last_seen: u64,
    last_address: Option<&'a str>,
    state: &'static str,
    current: bool,
}

/// The user's account at its issuer.
struct Account<'a> {
    session: Session,
    /// The file with the password of the login, if it is in a file.
    password_file: Option<&'a Path>,
    environment: &'a Environment,
}

/// Runs one of the commands on devices.
pub(super) async fn run(
    action: DeviceAction,
    own: &OwnAccount,
    json: bool,
    data: &DataDir,
    environment: &Environment,
) -> anyhow::Result<()> {
    let account = Account {
        session: Session::open(&own.client_flags(), data, environment)?,
        password_file: own.password_file.as_deref(),
        environment,
    };
    match action {
        DeviceAction::List => account.list(json).await,
        DeviceAction::Rename { device, name } => account.rename(device, &name, json).await,
        DeviceAction::Delete { device, yes } => account.delete(device, yes, json).await,
    }
}

impl Account<'_> {
    async fn list(&self, json: bool) -> anyhow::Result<()> {
        let devices = self.session.client.devices().await?;
        if json {
            let report = Report {
                uuid: &self.uuid(),
                devices: devices.iter().map(DeviceReport::new).collect(),
            };
            print(&serde_json::to_string(&report)?)?;
            return Ok(());
        }
        for device in &devices {
            let DeviceReport { id, state, .. } = DeviceReport::new(device);
            let address = device.last_address.as_deref();
            let address = address.map(|address| format!(" from {}", plain(address)));
            let own = if device.current { "  (this one)" } else { "" };
            print(&format!(
                "  device   {id}  {state}  last seen {}{}  {}{own}",
                second(device.last_seen),
                address.unwrap_or_default(),
                plain(&device.name),
            ))?;
        }
        Ok(())
    }

    async fn rename(&self, device: u32, name: &str, json: bool) -> anyhow::Result<()> {
        let (id, client) = (id(device)?, &self.session.client);
        self.change(async |password| client.rename_device(id, name, password).await)
            .await?;
        if json {
            let uuid = self.uuid();
            print(&json!({ "uuid": uuid, "deviceId": device, "name": name.trim() }).to_string())?;
        } else {
            print(&format!("Renamed device {device}."))?;
        }
        Ok(())
    }

    async fn delete(&self, device: u32, yes: bool, json: bool) -> anyhow::Result<()> {
        let (id, client) = (id(device)?, &self.session.client);
        let devices = client.devices().await?;
        let found = devices.iter().find(|entry| entry.id == id);
        let found = found.context(NO_DEVICE)?;
        let name = plain(&found.name);
        let own = if found.current {
            " It is the one that you are using."
        } else {
            ""
        };
        confirm(
            yes,
            &format!("Delete device {device} ({name}) with its password and sessions?{own}"),
        )?;
        self.change(async |password| client.delete_device(id, password).await)
            .await?;
        if found.current {
            self.forget()?;
        }
        if json {
            let uuid = self.uuid();
            print(&json!({ "uuid": uuid, "deviceId": device, "deleted": true }).to_string())?;
        } else {
            print(&format!(
                "Deleted device {device}: its password, sessions and tokens have ended."
            ))?;
        }
        Ok(())
    }

    /// Sends a change, with the password of the login if the issuer requires it.
    async fn change(
        &self,
        change: impl AsyncFn(Option<&SecretString>) -> Result<(), ClientError>,
    ) -> anyhow::Result<()> {
        let changed = match change(None).await {
            Err(ClientError::PasswordNeeded) => change(Some(&self.password()?)).await,
            changed => changed,
        };
        match changed {
            Err(ClientError::Problem(problem)) if problem.code == "DEVICE_NOT_FOUND" => {
                bail!(NO_DEVICE)
            }
            changed => Ok(changed?),
        }
    }

    fn password(&self) -> anyhow::Result<SecretString> {
        const NEEDED: &str = "the issuer wants the password of the login again, since it is more than \
                              five minutes old";
        if self.password_file.is_none() {
            let identity = &self.session.identity;
            identity.check_secret(environment::PASSWORD)?;
        }
        let source = PasswordSource {
            file: self.password_file,
            variable: Some(environment::PASSWORD),
            prompt: "Password of the login, once more: ",
        };
        source.read(self.environment).context(NEEDED)
    }

    /// Removes the login of a deleted device, with its credentials.
    fn forget(&self) -> anyhow::Result<()> {
        if let Some(login) = &self.session.login {
            self.session.identity.credentials()?.remove()?;
            login.remove()?;
        }
        Ok(())
    }

    fn uuid(&self) -> String {
        self.session.aci().to_uuid_string()
    }
}

impl<'a> DeviceReport<'a> {
    fn new(device: &'a DeviceEntry) -> Self {
        Self {
            id: device.id.number(),
            name: &device.name,
            created: device.created.as_secs(),
            last_seen: device.last_seen.as_secs(),
            last_address: device.last_address.as_deref(),
            state: match device.state {
                DeviceState::Active => "active",
                DeviceState::Stale => "stale",
            },
            current: device.current,
        }
    }
}

fn id(number: u32) -> anyhow::Result<DeviceId> {
    DeviceId::new(number).context("devices count from 1")
}
