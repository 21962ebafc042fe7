//! The account of a command and its issuer, determined without a request.

use std::sync::Arc;

use anteroom_client::{
    DeviceCredentials, IssuerError, LoginClient, LoginSession, PublishedParams, ServiceAddress,
    Timeouts, Trust, TrustedParams,
};
use anteroom_console::{
    context::Context, environment, failure::Failure, os, password::PasswordSource,
};
use anteroom_protocol::{Aci, CallLink, ParamsId};
use anyhow::{anyhow, bail};

use super::target::IssuerTarget;

use crate::{arguments::ClientFlags, credentials::CredentialFile, logins::LoginFile};

/// The code of the failure of a command that needs an account.
pub(crate) const LOGIN_MISSING: &str = "login_missing";

/// An account at an issuer, with its trusted params.
pub(crate) struct IssuerIdentity {
    pub(super) target: IssuerTarget,
    aci: Aci,
    pub(super) account: AccountSource,
    trust: Vec<ParamsId>,
    pub(crate) flags: ClientFlags,
    pub(crate) context: Context,
}

/// The authentication of an account.
pub(super) enum AccountSource {
    /// A device's password; this is the account's name.
    Device(String),
    Login(LoginFile),
}

impl IssuerIdentity {
    /// Finds the issuer and the account: the one that a flag or a variable names, or else the login's. Reads
    /// no password.
    pub(crate) fn find(flags: &ClientFlags, context: &Context) -> anyhow::Result<Self> {
        let parse_id = |text: &String| {
            ParamsId::parse(text).map_err(|_| anyhow!("--trust {text:?}: an id has 16 hex digits"))
        };
        let trust = flags.trust.iter().map(parse_id).collect::<Result<_, _>>()?;
        let target = IssuerTarget::find(flags.issuer.as_deref(), context)?;
        let named = context.value(flags.account.as_deref(), environment::ACCOUNT)?;
        let (aci, account) = match named {
            Some(name) => (parse_name(&name)?.0, AccountSource::Device(name)),
            None => {
                let file = target.login(&context.environment)?;
                let aci = match login_account(&file, &target, flags) {
                    Ok(aci) => aci,
                    Err(error) => {
                        // If the data directory exists, a missing issuer is the first problem to solve.
                        if context.data.path().exists() {
                            target.url()?;
                        }
                        return Err(error);
                    }
                };
                (aci, AccountSource::Login(file))
            }
        };
        Ok(Self {
            target,
            aci,
            account,
            trust,
            flags: flags.clone(),
            context: context.clone(),
        })
    }

    /// Returns the account of a new login.
    pub(crate) fn of_login(
        target: IssuerTarget,
        aci: Aci,
        file: LoginFile,
        context: &Context,
    ) -> Self {
        Self {
            target,
            aci,
            account: AccountSource::Login(file),
            trust: Vec::new(),
            flags: ClientFlags::default(),
            context: context.clone(),
        }
    }

    /// Refuses a secret of the environment to an issuer that is not named.
    pub(crate) fn check_secret(&self, variable: &str) -> anyhow::Result<()> {
        self.target
            .check_secret(&self.context.environment, variable)
    }

    pub(crate) const fn aci(&self) -> Aci {
        self.aci
    }

    /// Returns whether [`Self::session`] works without input at a terminal.
    pub(crate) fn is_unattended(&self) -> bool {
        match (&self.account, &self.flags.password_file) {
            (AccountSource::Login(_), _) => true,
            (AccountSource::Device(_), Some(path)) => path.as_os_str() != "-",
            (AccountSource::Device(_), None) => {
                let variable = environment::DEVICE_PASSWORD;
                let password = self.context.environment.text(variable);
                password.is_ok_and(|password| password.is_some())
                    && self.check_secret(variable).is_ok()
            }
        }
    }

    /// Returns the file of the account's credentials.
    pub(crate) fn credentials(&self) -> anyhow::Result<CredentialFile> {
        let issuer = match &self.account {
            AccountSource::Device(_) => &self.target.name,
            // The login may be stored under another address of the same issuer.
            AccountSource::Login(file) => file.issuer(),
        };
        CredentialFile::of_account(&self.context.environment, issuer, &self.aci)
    }

    /// Compares listed params with the pins, and with those of the link in use.
    pub(crate) fn judge(
        &self,
        listing: PublishedParams,
        link: Option<&CallLink>,
    ) -> Result<TrustedParams, IssuerError> {
        let (pins, now) = (&self.target.pins, os::now());
        match link {
            Some(link) => listing.trusted_for_link(link, pins, self.trust(), now),
            None => listing.trusted(pins, self.trust(), now),
        }
    }

    /// As [`Self::judge`], and pins nothing.
    pub(crate) fn judge_as_pinned(
        &self,
        listing: PublishedParams,
    ) -> Result<TrustedParams, IssuerError> {
        listing.trusted(&self.target.pins, Trust::PinnedOnly, os::now())
    }

    fn trust(&self) -> Trust<'_> {
        if self.trust.is_empty() {
            Trust::FirstUse
        } else {
            Trust::Ids(&self.trust)
        }
    }

    pub(super) fn device(&self, name: &str) -> anyhow::Result<DeviceCredentials> {
        if self.flags.password_file.is_none() {
            self.check_secret(environment::DEVICE_PASSWORD)?;
        }
        let (aci, device) = parse_name(name)?;
        let source = PasswordSource {
            file: self.flags.password_file.as_deref(),
            variable: Some(environment::DEVICE_PASSWORD),
            prompt: "Device password: ",
        };
        let password = source.read(&self.context.environment)?;
        Ok(DeviceCredentials::new(aci, device, password))
    }
}

fn parse_name(name: &str) -> anyhow::Result<(Aci, anteroom_client::DeviceId)> {
    DeviceCredentials::parse_name(name)
        .map_err(|_| anyhow!("the account is not a UUID, or a UUID, a dot and a number"))
}

fn login_account(
    file: &LoginFile,
    target: &IssuerTarget,
    flags: &ClientFlags,
) -> anyhow::Result<Aci> {
    if flags.password_file.is_some() {
        bail!(Failure::failed("no account is named").next("Use --account or ANTEROOM_ACCOUNT"));
    }
    match file.load()? {
        Some(stored_login) => Ok(stored_login.session.aci),
        None => Err(nobody_logged_in(target).into()),
    }
}

/// Returns the failure of a command that needs an account.
fn nobody_logged_in(target: &IssuerTarget) -> Failure {
    let next = match &target.url {
        Ok(issuer) => format!(
            "Log in: anteroom login --issuer {}. Or name an account with --account or \
             ANTEROOM_ACCOUNT",
            issuer.url()
        ),
        Err(_) => {
            "Log in first: anteroom login --issuer URL, with the URL of the issuer of whoever \
                 invited you"
                .to_owned()
        }
    };
    let place = target.whereabouts();
    let what = format!("no account is named, and nobody is logged in at {place}");
    Failure::new(LOGIN_MISSING, what).next(next)
}

pub(super) fn login(url: &ServiceAddress, file: &LoginFile) -> anyhow::Result<LoginSession> {
    let stored_login = file.load()?.ok_or(IssuerError::SessionEnded)?;
    let client = LoginClient::new(url, Timeouts::default())?;
    Ok(LoginSession::resume(
        client,
        stored_login.session,
        Arc::new(file.clone()),
    ))
}
