//! A client's side of a command: which issuer, as whom, trusting what.

use std::{fs, path::PathBuf, sync::Arc};

use anteroom_client::{
    Announced, Authentication, DeviceCredentials, IssuerClient, LoginClient, LoginSession,
    Timeouts, Trust, TrustedParams,
};
use anteroom_protocol::{Aci, CallLink, ParamsId};
use anteroom_service::Clock as _;
use anyhow::{Context as _, anyhow, bail};
use etcetera::BaseStrategy as _;

use crate::{
    cli::ClientFlags,
    data_dir::DataDir,
    environment::{self, Environment},
    listen::Addresses,
    logins::LoginFile,
    os::OsClock,
    password::PasswordSource,
    pins::PinFile,
    terminal::day,
};

/// The name under which a data directory's own issuer is pinned: its port may change.
const LOCAL: &str = "local";

/// A signed-in client and what it trusts.
pub(crate) struct Session {
    pub(crate) client: IssuerClient,
    /// Where its login is kept, if it has one.
    pub(crate) login: Option<LoginFile>,
    pins: PinFile,
    trust: Vec<ParamsId>,
}

/// Which issuer a command goes to.
pub(crate) struct IssuerPlace {
    /// Where it is, or why the data directory's own one cannot be found.
    url: anyhow::Result<String>,
    /// What its logins are kept under.
    pub(crate) name: String,
    pins: PinFile,
}

impl Session {
    /// Finds the issuer and who asks: the account that a flag or a variable names with its device's
    /// password, or else the login. Asks for the password last, and only on a terminal.
    pub(crate) fn open(
        flags: &ClientFlags,
        data: &DataDir,
        environment: &Environment,
    ) -> anyhow::Result<Self> {
        let parse_id = |text: &String| {
            ParamsId::parse(text).map_err(|_| anyhow!("--trust {text:?}: an id has 16 hex digits"))
        };
        let trust = flags.trust.iter().map(parse_id).collect::<Result<_, _>>()?;
        let place = IssuerPlace::find(flags.issuer.as_deref(), data, environment)?;
        let url = place.url()?;
        let account = match &flags.account {
            Some(account) => Some(account.clone()),
            None => environment
                .text(environment::ACCOUNT)?
                .map(|text| text.to_string()),
        };
        let (authentication, login) = match account {
            Some(account) => (device(&account, flags, environment)?.into(), None),
            None => {
                let login = LoginFile::of_user(environment, &place.name)?;
                (self::login(url, &login, flags)?.into(), Some(login))
            }
        };
        let authentication: Authentication = authentication;
        let client = IssuerClient::new(url, authentication, Timeouts::default())?;
        if client.is_exposed() {
            tracing::warn!("the password or token crosses the network in the clear: use https");
        }
        Ok(Self {
            client,
            login,
            pins: place.pins,
            trust,
        })
    }

    /// The account that asks.
    pub(crate) fn aci(&self) -> Aci {
        self.client.authentication().aci()
    }

    /// Fetches the issuer's params and compares them with the pinned ones.
    pub(crate) async fn params(&self) -> anyhow::Result<TrustedParams> {
        let trust = if self.trust.is_empty() {
            Trust::FirstUse
        } else {
            Trust::Ids(&self.trust)
        };
        let params = self.client.params(&self.pins, trust).await?;
        warn_of_announced(&params);
        Ok(params)
    }

    /// The same for using a link: params that it names are known from someone else.
    pub(crate) async fn params_for_link(&self, link: &CallLink) -> anyhow::Result<TrustedParams> {
        let trust = if self.trust.is_empty() {
            Trust::FirstUse
        } else {
            Trust::Ids(&self.trust)
        };
        let params = self.client.params_for_link(link, &self.pins, trust).await?;
        warn_of_announced(&params);
        Ok(params)
    }

    pub(crate) fn pins(&self) -> &PinFile {
        &self.pins
    }
}

/// Says in time which params will have to be trusted, if any.
fn warn_of_announced(params: &TrustedParams) {
    let now = OsClock.now();
    for announced in params.announced(now) {
        let Announced { kind, id, validity } = announced;
        if validity.not_before <= now {
            // They are refused where they are used, which says so.
            continue;
        }
        tracing::warn!(
            "from {} on the issuer uses the {kind} params {id}, which are new here: compare that id \
             with what others see, then run any command once with --trust {id}",
            day(validity.not_before)
        );
    }
}

/// Where the pins of an issuer are, which need not run for it.
pub(crate) fn pins(
    issuer: Option<&str>,
    data: &DataDir,
    environment: &Environment,
) -> anyhow::Result<PinFile> {
    Ok(IssuerPlace::find(issuer, data, environment)?.pins)
}

impl IssuerPlace {
    /// The issuer that is named, the one that serves the data directory, or the only one with a
    /// login.
    pub(crate) fn find(
        flag: Option<&str>,
        data: &DataDir,
        environment: &Environment,
    ) -> anyhow::Result<Self> {
        let named = match flag {
            Some(url) => Some(url.to_owned()),
            None => environment
                .text(environment::ISSUER_URL)?
                .map(|text| text.to_string()),
        };
        if let Some(url) = named {
            return Self::named(url);
        }
        let here = Addresses::read(data).and_then(|addresses| {
            addresses
                .issuer
                .context("no issuer runs here: name one with --issuer")
        });
        if here.is_ok() {
            return Ok(Self::local(here, data));
        }
        let is_away = |issuer: &String| !issuer.starts_with(LOCAL);
        let issuers = LoginFile::issuers(environment)?;
        let mut away = issuers.into_iter().filter(is_away);
        match (away.next(), away.next()) {
            (Some(url), None) => Self::named(url),
            (Some(_), Some(_)) => {
                bail!("there are logins at several issuers: name one with --issuer")
            }
            (None, _) => Ok(Self::local(here, data)),
        }
    }

    /// Where the issuer is.
    pub(crate) fn url(&self) -> anyhow::Result<&str> {
        match &self.url {
            Ok(url) => Ok(url),
            Err(error) => bail!("{error:#}"),
        }
    }

    fn named(url: String) -> anyhow::Result<Self> {
        let trimmed = url.trim_end_matches('/');
        // Scheme and host are the same in capitals; a path is not.
        let host = trimmed.find("://").map_or(0, |at| at + "://".len());
        let path = trimmed.char_indices().skip_while(|(at, _)| *at < host);
        let path = path
            .into_iter()
            .find_map(|(at, letter)| (letter == '/').then_some(at))
            .unwrap_or(trimmed.len());
        let (host, path) = trimmed.split_at(path);
        let name = host.to_lowercase() + path;
        Ok(Self {
            pins: PinFile::new(user_pins()?, &name),
            url: Ok(url),
            name,
        })
    }

    fn local(url: anyhow::Result<String>, data: &DataDir) -> Self {
        let path = fs::canonicalize(data.path()).unwrap_or_else(|_| data.path().to_owned());
        Self {
            url,
            name: format!("{LOCAL} {}", path.display()),
            pins: PinFile::new(data.pins(), LOCAL),
        }
    }
}

fn device(
    account: &str,
    flags: &ClientFlags,
    environment: &Environment,
) -> anyhow::Result<DeviceCredentials> {
    let (aci, device) = DeviceCredentials::parse_name(account)
        .map_err(|_| anyhow!("the account is not a UUID, or a UUID, a dot and a number"))?;
    let source = PasswordSource {
        file: flags.password_file.as_deref(),
        variable: Some(environment::DEVICE_PASSWORD),
        prompt: "Device password: ",
    };
    Ok(DeviceCredentials::new(
        aci,
        device,
        source.read(environment)?,
    ))
}

fn login(url: &str, login: &LoginFile, flags: &ClientFlags) -> anyhow::Result<LoginSession> {
    if flags.password_file.is_some() {
        bail!("no account is named: use --account or ANTEROOM_ACCOUNT");
    }
    let kept = login.load()?.context(
        "no account is named, and nobody is logged in there: use `anteroom login`, or --account or \
         ANTEROOM_ACCOUNT",
    )?;
    let client = LoginClient::new(url, Timeouts::default())?;
    let store = Arc::new(login.clone());
    Ok(LoginSession::resume(client, kept.session, store))
}

fn user_pins() -> anyhow::Result<PathBuf> {
    Ok(user_directory()?.join("pins.json"))
}

/// Where a user's own files are.
pub(crate) fn user_directory() -> anyhow::Result<PathBuf> {
    let strategy = etcetera::choose_base_strategy().context("there is no home directory")?;
    Ok(strategy.config_dir().join("anteroom"))
}
