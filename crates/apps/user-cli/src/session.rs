//! The client of a command: its issuer, its account and its trust.

mod identity;
mod target;

use std::sync::Arc;

use anteroom_client::{Authentication, IssuerClient, Timeouts};
use anteroom_console::context::Context;
use anteroom_protocol::Aci;

use self::identity::{AccountSource, login};
pub(crate) use self::{
    identity::{IssuerIdentity, LOGIN_MISSING},
    target::IssuerTarget,
};

use crate::{arguments::ClientFlags, logins::LoginFile, pins::PinFile};

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
    pub(crate) fn open(flags: &ClientFlags, context: &Context) -> anyhow::Result<Self> {
        Arc::new(IssuerIdentity::find(flags, context)?).session()
    }

    /// Returns the account that asks.
    pub(crate) fn aci(&self) -> Aci {
        self.client.authentication().aci()
    }

    /// Returns the file of the pins that count everywhere.
    pub(crate) fn pin_file(&self) -> &PinFile {
        &self.identity.target.pins.file
    }
}

/// The warning about an issuer without TLS.
pub(crate) const EXPOSED_PASSWORD: &str =
    "the password or token crosses the network in the clear: use https";

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
            tracing::warn!("{EXPOSED_PASSWORD}");
        }
        Ok(Session {
            client,
            login,
            identity: Arc::clone(self),
        })
    }
}
