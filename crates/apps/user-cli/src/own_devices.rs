//! `anteroom device` for the user's own account, over the network.

use std::path::Path;

use anteroom_client::{DeviceId, IssuerError};
use anteroom_console::{
    context::Context,
    device_report::{self, DeviceReport, no_device},
    environment,
    own_account::{DeviceAction, OwnAccount},
    password::PasswordSource,
};
use anyhow::{Context as _, bail};
use secrecy::SecretString;

use crate::{arguments::ClientFlags, device_secret::CallDevice, session::Session};

/// The user's account at its issuer.
struct DeviceSession<'a> {
    session: Session,
    /// The file with the password of the login, if it is in a file.
    password_file: Option<&'a Path>,
    context: &'a Context,
}

/// Runs one of the commands on devices.
pub async fn run(action: DeviceAction, own: &OwnAccount, context: &Context) -> anyhow::Result<()> {
    let account = DeviceSession {
        session: Session::open(&client_flags(own), context)?,
        password_file: own.password_file.as_deref(),
        context,
    };
    match action {
        DeviceAction::List => account.list().await,
        DeviceAction::Rename { device, name } => account.rename(device, &name).await,
        DeviceAction::Delete { device, yes } => account.delete(device, yes).await,
    }
}

fn client_flags(own: &OwnAccount) -> ClientFlags {
    ClientFlags {
        issuer: own.issuer.clone(),
        account: own.account.clone(),
        password_file: own.device_password_file.clone(),
        trust: Vec::new(),
    }
}

impl DeviceSession<'_> {
    async fn list(&self) -> anyhow::Result<()> {
        let devices = self.session.client.devices().await?;
        let reports: Vec<_> = devices.iter().map(DeviceReport::of_entry).collect();
        device_report::show_list(&self.uuid(), &reports, self.context)
    }

    async fn rename(&self, device: u32, name: &str) -> anyhow::Result<()> {
        let (id, client) = (id(device)?, &self.session.client);
        self.change(async |password| client.rename_device(id, name, password).await)
            .await?;
        device_report::show_rename(&self.uuid(), device, name.trim(), self.context)
    }

    async fn delete(&self, device: u32, yes: bool) -> anyhow::Result<()> {
        let (id, client) = (id(device)?, &self.session.client);
        let devices = client.devices().await?;
        let found = devices.iter().find(|entry| entry.id == id);
        let found = found.ok_or_else(no_device)?;
        DeviceReport::of_entry(found).confirm_deletion(yes)?;
        self.change(async |password| client.delete_device(id, password).await)
            .await?;
        if found.current {
            self.forget()?;
        }
        device_report::show_deletion(&self.uuid(), device, self.context)
    }

    /// Sends a change, with the password of the login if the issuer requires it.
    async fn change(
        &self,
        change: impl AsyncFn(Option<&SecretString>) -> Result<(), IssuerError>,
    ) -> anyhow::Result<()> {
        let changed = match change(None).await {
            Err(IssuerError::PasswordNeeded) => change(Some(&self.password()?)).await,
            changed => changed,
        };
        match changed {
            Err(IssuerError::Problem(problem)) if problem.code == "DEVICE_NOT_FOUND" => {
                bail!(no_device())
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
        source.read(&self.context.environment).context(NEEDED)
    }

    /// Removes the login of a deleted device, with its credentials and the secret of its member keys.
    fn forget(&self) -> anyhow::Result<()> {
        let credentials = self.session.identity.credentials()?;
        CallDevice::remove(credentials.owner(), &self.context.environment)?;
        if let Some(login) = &self.session.login {
            credentials.remove()?;
            login.remove()?;
        }
        Ok(())
    }

    fn uuid(&self) -> String {
        self.session.aci().to_uuid_string()
    }
}

fn id(number: u32) -> anyhow::Result<DeviceId> {
    DeviceId::new(number).context("devices count from 1")
}
