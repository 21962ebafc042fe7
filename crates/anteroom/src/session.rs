//! A client's side of a command: which issuer, as whom, trusting what.

use std::{
    fs,
    io::{self, IsTerminal as _},
    path::PathBuf,
};

use anteroom_client::{Announced, DeviceCredentials, IssuerClient, Timeouts, Trust, TrustedParams};
use anteroom_protocol::{CallLink, ParamsId};
use anteroom_service::Clock as _;
use anyhow::{Context as _, anyhow, bail};
use etcetera::BaseStrategy as _;
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::{
    cli::ClientFlags,
    data_dir::DataDir,
    environment::{self, Environment},
    listen::Addresses,
    os::OsClock,
    pins::PinFile,
    terminal::day,
};

/// The name under which a data directory's own issuer is pinned: its port may change.
const LOCAL: &str = "local";

/// A signed-in client and what it trusts.
pub(crate) struct Session {
    pub(crate) client: IssuerClient,
    pub(crate) device: DeviceCredentials,
    pins: PinFile,
    trust: Vec<ParamsId>,
}

impl Session {
    /// Finds issuer, account and password; asks for the password last, and only on a terminal.
    pub(crate) fn open(
        flags: &ClientFlags,
        data: &DataDir,
        environment: &Environment,
    ) -> anyhow::Result<Self> {
        let parse_id = |text: &String| {
            ParamsId::parse(text).map_err(|_| anyhow!("--trust {text:?}: an id has 16 hex digits"))
        };
        let trust = flags.trust.iter().map(parse_id).collect::<Result<_, _>>()?;
        let (url, pins) = issuer(flags, data, environment)?;
        let account = match &flags.account {
            Some(account) => account.clone(),
            None => environment
                .text(environment::ACCOUNT)?
                .map(|text| text.to_string())
                .context("no account is named: use --account or ANTEROOM_ACCOUNT")?,
        };
        let (aci, device) = DeviceCredentials::parse_name(&account)
            .map_err(|_| anyhow!("the account is not a UUID, or a UUID, a dot and a number"))?;
        let device = DeviceCredentials::new(aci, device, password(flags, environment)?);
        let client = IssuerClient::new(&url, device.clone(), Timeouts::default())?;
        if client.is_exposed() {
            tracing::warn!("the password crosses the network in the clear: use https");
        }
        Ok(Self {
            client,
            device,
            pins,
            trust,
        })
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

fn issuer(
    flags: &ClientFlags,
    data: &DataDir,
    environment: &Environment,
) -> anyhow::Result<(String, PinFile)> {
    let named = named(flags.issuer.as_deref(), environment)?;
    let pins = pins_of(named.as_deref(), data)?;
    let url = match named {
        Some(url) => url,
        None => Addresses::read(data)?
            .issuer
            .context("no issuer runs here: name one with --issuer")?,
    };
    Ok((url, pins))
}

/// Where the pins of an issuer are, which need not run for it.
pub(crate) fn pins(
    issuer: Option<&str>,
    data: &DataDir,
    environment: &Environment,
) -> anyhow::Result<PinFile> {
    pins_of(named(issuer, environment)?.as_deref(), data)
}

fn named(issuer: Option<&str>, environment: &Environment) -> anyhow::Result<Option<String>> {
    if let Some(url) = issuer {
        return Ok(Some(url.to_owned()));
    }
    let text = environment.text(environment::ISSUER_URL)?;
    Ok(text.map(|text| text.to_string()))
}

fn pins_of(named: Option<&str>, data: &DataDir) -> anyhow::Result<PinFile> {
    Ok(match named {
        Some(url) => PinFile::new(user_pins()?, &url.trim_end_matches('/').to_lowercase()),
        None => PinFile::new(data.pins(), LOCAL),
    })
}

fn user_pins() -> anyhow::Result<PathBuf> {
    Ok(user_directory()?.join("pins.json"))
}

/// Where a user's own files are.
pub(crate) fn user_directory() -> anyhow::Result<PathBuf> {
    let strategy = etcetera::choose_base_strategy().context("there is no home directory")?;
    Ok(strategy.config_dir().join("anteroom"))
}

fn password(flags: &ClientFlags, environment: &Environment) -> anyhow::Result<SecretString> {
    if let Some(path) = &flags.password_file {
        let text = fs::read_to_string(path)
            .map(Zeroizing::new)
            .with_context(|| format!("the password file {} cannot be read", path.display()))?;
        return Ok(SecretString::from(text.trim_end_matches(['\r', '\n'])));
    }
    if let Some(text) = environment.text(environment::DEVICE_PASSWORD)? {
        return Ok(SecretString::from(text.as_str()));
    }
    if !io::stdin().is_terminal() {
        bail!(
            "no password: set {} or use --password-file",
            environment::DEVICE_PASSWORD
        );
    }
    let text = rpassword::prompt_password("Device password: ").map(Zeroizing::new)?;
    Ok(SecretString::from(text.as_str()))
}
