//! The issuer of a command, determined without a request.

use crate::{
    links::LinkStore,
    logins::LoginFile,
    pins::{PinFile, UserPins},
    user_directory::user_directory,
};
use anteroom_client::ServiceAddress;
use anteroom_console::{
    context::Context,
    data_dir::DataDir,
    environment::{self, Environment},
    failure::Failure,
    listen::{self, Addresses},
};
use anyhow::bail;
use std::path::PathBuf;

/// The name under which the issuer of a data directory is pinned, since its port may change.
const LOCAL: &str = "local";

/// The issuer of a command.
pub(crate) struct IssuerTarget {
    /// Its address, or the reason why the data directory's own issuer is not found.
    pub(super) url: Result<ServiceAddress, Failure>,
    /// The name under which its logins are stored.
    pub(crate) name: String,
    pub(crate) pins: UserPins,
    /// Whether the user named the issuer, or its data directory.
    is_named: bool,
}

impl IssuerTarget {
    /// Returns the issuer that is named, the one that serves the data directory, or the only one with a
    /// login.
    pub(crate) fn find(flag: Option<&str>, context: &Context) -> anyhow::Result<Self> {
        let named = context.value(flag, environment::ISSUER_URL)?;
        let Context {
            data, environment, ..
        } = context;
        if let Some(url) = named {
            return Self::named(url, environment);
        }
        let here = local_url(data);
        if here.is_ok() {
            return Self::local(here, data, environment);
        }
        let mut logins = LoginFile::issuers(environment)?;
        let is_local = |issuer: &String| directory(issuer).is_some();
        if logins.contains(&local_name(data)) && logins.iter().all(is_local) {
            return Self::local(here, data, environment);
        }
        // A login at an issuer that does not run counts only if all are like that.
        let is_usable =
            |issuer: &String| directory(issuer).is_none_or(|home| local_url(&home).is_ok());
        if logins.iter().any(is_usable) {
            logins.retain(is_usable);
        }
        match logins.as_slice() {
            [] => Self::local(here, data, environment),
            [login] => match directory(login) {
                Some(home) => Self::local(local_url(&home), &home, environment),
                None => Self::named(login.clone(), environment),
            },
            several => Err(unclear(several).into()),
        }
    }

    /// Returns the place of a login that is missing, as in "nobody is logged in at ...".
    pub(crate) fn whereabouts(&self) -> &str {
        // Without an address there is no login that could have given one.
        self.url.as_ref().map_or("any issuer", ServiceAddress::url)
    }

    /// Returns the issuer's address.
    pub(crate) fn url(&self) -> anyhow::Result<&ServiceAddress> {
        self.url.as_ref().map_err(|failure| failure.clone().into())
    }

    /// Returns the login at the issuer, also if it is stored under another of its addresses.
    pub(crate) fn login(&self, environment: &Environment) -> anyhow::Result<LoginFile> {
        let own = LoginFile::of_user(environment, &self.name)?;
        let Ok(url) = &self.url else { return Ok(own) };
        if own.is_there() {
            return Ok(own);
        }
        // A damaged file of another login is reported when that login is used.
        let issuers = LoginFile::issuers(environment).unwrap_or_default();
        let same = issuers.iter().find(|issuer| is_at(issuer, url.url()));
        same.map_or(Ok(own), |issuer| LoginFile::of_user(environment, issuer))
    }

    /// Refuses to send a secret from the environment, which all commands receive, to an issuer that was found
    /// only by the working directory.
    pub(crate) fn check_secret(
        &self,
        environment: &Environment,
        variable: &str,
    ) -> anyhow::Result<()> {
        if self.is_named || environment.text(variable)?.is_none() {
            return Ok(());
        }
        bail!(
            Failure::failed(format!("{variable} is sent only to an issuer that is named")).next(
                "Set ANTEROOM_ISSUER_URL or use --issuer, or name its data directory with --data or \
                 ANTEROOM_DATA"
            )
        )
    }

    fn named(url: String, environment: &Environment) -> anyhow::Result<Self> {
        let trimmed = url.trim_end_matches('/');
        // Scheme and host are case-insensitive; a path is not.
        let host = trimmed.find("://").map_or(0, |at| at + "://".len());
        let path = trimmed.char_indices().skip_while(|(at, _)| *at < host);
        let path = path
            .into_iter()
            .find_map(|(at, letter)| (letter == '/').then_some(at))
            .unwrap_or(trimmed.len());
        let (host, path) = trimmed.split_at(path);
        let name = host.to_lowercase() + path;
        let file = PinFile::new(user_directory()?.join("pins.json"), &name);
        Ok(Self {
            pins: UserPins::new(file, LinkStore::of_user(environment)?, &name),
            url: Ok(url.into()),
            name,
            is_named: true,
        })
    }

    fn local(
        url: Result<ServiceAddress, Failure>,
        data: &DataDir,
        environment: &Environment,
    ) -> anyhow::Result<Self> {
        let name = local_name(data);
        let file = PinFile::new(data.pins(), LOCAL);
        Ok(Self {
            pins: UserPins::new(file, LinkStore::of_user(environment)?, &name),
            url,
            name,
            is_named: data.is_named(),
        })
    }
}

/// Returns the name under which the login at a data directory's own issuer is stored.
fn local_name(data: &DataDir) -> String {
    format!("{LOCAL} {}", data.canonical().display())
}

/// Returns the data directory whose own issuer a stored login is at, if it is one of those.
fn directory(issuer: &str) -> Option<DataDir> {
    let path = issuer.strip_prefix(LOCAL)?.strip_prefix(' ')?;
    Some(DataDir::new(PathBuf::from(path)))
}

/// Returns the address of the issuer that serves a data directory.
fn local_url(data: &DataDir) -> Result<ServiceAddress, Failure> {
    let addresses =
        Addresses::read_or_name(data, "the issuer with --issuer").map_err(Failure::of)?;
    addresses.issuer_address().ok_or_else(|| {
        let failure = Failure::new("service_missing", "no issuer runs here");
        failure.next("Name one with --issuer")
    })
}

fn unclear(logins: &[String]) -> Failure {
    let shown = |login: &String| match directory(login) {
        Some(home) => format!("that of {}", home.path().display()),
        None => login.clone(),
    };
    let shown: Vec<String> = logins.iter().map(shown).collect();
    let what = format!("there are logins at several issuers: {}", shown.join(", "));
    Failure::new("issuer_unclear", what)
        .next("Name one with --issuer, or its data directory with --data")
}

/// Returns whether the issuer of a stored login is the one at a URL.
fn is_at(issuer: &str, url: &str) -> bool {
    let Some(data) = directory(issuer) else {
        return listen::is_same(issuer, url);
    };
    Addresses::read(&data).is_ok_and(|here| {
        let local = here.issuer_address().map(|local| local.url().to_owned());
        let own = [local, here.issuer, here.issuer_public]
            .into_iter()
            .flatten();
        own.into_iter().any(|own| listen::is_same(&own, url))
    })
}
