//! The client of a command: its issuer, its account and its trust.

mod identity;
mod target;

use std::sync::Arc;

use anteroom_client::{Authentication, IssuerClient, Timeouts, TrustedParams};
use anteroom_console::{data_dir::DataDir, environment::Environment, os::OsClock};
use anteroom_protocol::Aci;
use anteroom_runtime::Clock as _;

use self::identity::{AccountSource, login};
pub(crate) use self::{identity::IssuerIdentity, target::IssuerTarget};

use crate::{
    arguments::ClientFlags,
    logins::LoginFile,
    notices,
    pins::{PinFile, UserPins},
};

/// A signed-in client with its pins.
pub(crate) struct Session {
    pub(crate) client: IssuerClient,
    /// The file of its login, if it has one.
    pub(crate) login: Option<LoginFile>,
    pub(crate) identity: Arc<IssuerIdentity>,
}

impl Session {
    /// Finds the issuer and the account: the one that a flag or a variable names, with its device's password,
    /// or else the login's. Asks for the password last, and only on a terminal.
    pub(crate) fn open(
        flags: &ClientFlags,
        data: &DataDir,
        environment: &Environment,
    ) -> anyhow::Result<Self> {
        Arc::new(IssuerIdentity::find(flags, data, environment)?).session()
    }

    /// Returns the account that asks.
    pub(crate) fn aci(&self) -> Aci {
        self.client.authentication().aci()
    }

    /// Fetches the issuer's params, compares them with the pins, and logs the changes.
    pub(crate) async fn params(&self) -> anyhow::Result<TrustedParams> {
        let params = self.params_to_show().await?;
        notices::of_pins(&params);
        Ok(params)
    }

    /// As [`Self::params`], for a command that displays the new pins itself.
    pub(crate) async fn params_to_show(&self) -> anyhow::Result<TrustedParams> {
        let listing = self.client.published_params().await?;
        let params = self.identity.judge(listing, None)?;
        notices::of_changes(&params, OsClock.now());
        Ok(params)
    }

    /// Returns the file of the pins that count everywhere.
    pub(crate) fn pin_file(&self) -> &PinFile {
        &self.identity.target.pins.file
    }
}

/// Returns the pins of an issuer, which need not be running.
pub(crate) fn pins(
    issuer: Option<&str>,
    data: &DataDir,
    environment: &Environment,
) -> anyhow::Result<UserPins> {
    Ok(IssuerTarget::find(issuer, data, environment)?.pins)
}

impl IssuerIdentity {
    /// Signs in. Asks for the password last, and only on a terminal.
    pub(crate) fn session(self: &Arc<Self>) -> anyhow::Result<Session> {
        let url = self.target.url()?;
        let (authentication, login) = match &self.account {
            AccountSource::Device(name) => (self.device(name)?.into(), None),
            AccountSource::Login(file) => (login(url, file)?.into(), Some(file.clone())),
        };
        let authentication: Authentication = authentication;
        let client = IssuerClient::new(url, authentication, Timeouts::default())?;
        if client.is_exposed() {
            tracing::warn!("the password or token crosses the network in the clear: use https");
        }
        Ok(Session {
            client,
            login,
            identity: Arc::clone(self),
        })
    }
}
