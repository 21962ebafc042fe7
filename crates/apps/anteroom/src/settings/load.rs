//! Loading of settings from a file, variables and flags; later ones win.

mod file;

use std::{
    fs,
    io::{self, ErrorKind},
    path::Path,
};

use anyhow::{Context as _, anyhow, bail};
use serde::Deserialize as _;
use toml::{Table, Value};

pub(crate) use self::file::find_file;
use super::Settings;
use crate::{environment, environment::Environment, failure::Failure};

/// The TOML type of a variable's or a flag's text.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Number,
    Switch,
    /// A list, separated by commas.
    List,
}

/// All settings, by their keys in the file. A setting's variable has the same name with `_` for `.`.
const KEYS: &[(&str, Kind)] = &[
    ("data", Kind::Text),
    ("role", Kind::Text),
    ("issue_mode", Kind::Text),
    ("legacy_params", Kind::Switch),
    ("program_page", Kind::Text),
    ("issuer.listen", Kind::Text),
    ("issuer.public_url", Kind::Text),
    ("issuer.tls.certificate", Kind::Text),
    ("issuer.tls.key", Kind::Text),
    ("rooms.listen", Kind::Text),
    ("rooms.tls.certificate", Kind::Text),
    ("rooms.tls.key", Kind::Text),
    ("rooms.internal_listen", Kind::Text),
    ("rooms.public_url", Kind::Text),
    ("rooms.region", Kind::Text),
    ("rooms.max_devices", Kind::Number),
    ("rooms.devices_per_user", Kind::Number),
    ("rooms.sockets", Kind::Number),
    ("rooms.sockets_per_address", Kind::Number),
    ("rooms.unjoined_sockets", Kind::Number),
    ("rooms.unjoined_sockets_per_address", Kind::Number),
    ("rooms.epochs", Kind::Switch),
    ("rooms.origins", Kind::List),
    ("rooms.media", Kind::Text),
    ("rooms.media_servers", Kind::List),
    ("admin.listen", Kind::Text),
    ("admin.tls.certificate", Kind::Text),
    ("admin.tls.key", Kind::Text),
    ("events.stdout", Kind::Switch),
    ("events.file", Kind::Text),
    ("events.rooms_file", Kind::Text),
    ("events.queue", Kind::Number),
    ("events.personal", Kind::Switch),
    ("events.time_step_seconds", Kind::Number),
    ("events.rooms_time_step_seconds", Kind::Number),
    ("events.webhook.url", Kind::Text),
    ("events.webhook.rooms_url", Kind::Text),
    ("events.webhook.queue", Kind::Number),
    ("events.webhook.timeout_seconds", Kind::Number),
    ("login.sign_up", Kind::Text),
    ("login.lock_failures", Kind::Number),
    ("login.lock_seconds", Kind::Number),
    ("login.lock_mail", Kind::Switch),
    ("login.hash_memory_kib", Kind::Number),
    ("login.hash_passes", Kind::Number),
    ("login.hashes_at_once", Kind::Number),
    ("login.hashes_waiting", Kind::Number),
    ("login.hash_wait_seconds", Kind::Number),
    ("login.known_network_days", Kind::Number),
    ("login.known_networks", Kind::Number),
    ("login.device_retention_days", Kind::Number),
    ("mail.transport", Kind::Text),
    ("mail.from", Kind::Text),
    ("mail.folder", Kind::Text),
    ("mail.queue", Kind::Number),
    ("mail.smtp.host", Kind::Text),
    ("mail.smtp.port", Kind::Number),
    ("mail.smtp.encryption", Kind::Text),
    ("mail.smtp.user", Kind::Text),
    ("mail.smtp.extra_roots", Kind::Text),
    ("mail.smtp.timeout_seconds", Kind::Number),
    ("oidc.issuers", Kind::List),
    ("oidc.audiences", Kind::List),
    ("oidc.create_accounts", Kind::Switch),
    ("oidc.clock_skew_seconds", Kind::Number),
    ("oidc.refresh_seconds", Kind::Number),
    ("oidc.keys_max_age_seconds", Kind::Number),
    ("oidc.timeout_seconds", Kind::Number),
    ("oidc.extra_roots", Kind::Text),
    ("relays.provider", Kind::Text),
    ("relays.hostname", Kind::Text),
    ("relays.urls", Kind::List),
    ("relays.urls_with_ips", Kind::List),
    ("relays.ttl_seconds", Kind::Number),
    ("relays.api_url", Kind::Text),
    ("relays.timeout_seconds", Kind::Number),
    ("relay_experiment.percent", Kind::Number),
    ("relay_experiment.relays.provider", Kind::Text),
    ("relay_experiment.relays.hostname", Kind::Text),
    ("relay_experiment.relays.urls", Kind::List),
    ("relay_experiment.relays.urls_with_ips", Kind::List),
    ("relay_experiment.relays.ttl_seconds", Kind::Number),
    ("relay_experiment.relays.api_url", Kind::Text),
    ("relay_experiment.relays.timeout_seconds", Kind::Number),
    ("keys.reload_seconds", Kind::Number),
    ("log.format", Kind::Text),
    ("log.level", Kind::Text),
    ("limits.create_auth.capacity", Kind::Number),
    ("limits.create_auth.refill_seconds", Kind::Number),
    ("limits.relays.capacity", Kind::Number),
    ("limits.relays.refill_seconds", Kind::Number),
    ("limits.batches.capacity", Kind::Number),
    ("limits.batches.refill_seconds", Kind::Number),
    ("limits.work.waiting", Kind::Number),
    ("limits.work.waiting_per_account", Kind::Number),
    ("limits.verifications.capacity", Kind::Number),
    ("limits.verifications.per_second", Kind::Number),
    ("limits.verifications.failure_cost", Kind::Number),
    ("limits.verifications.waiting", Kind::Number),
    ("limits.logins_per_minute", Kind::Number),
    ("limits.mails_per_hour", Kind::Number),
    ("limits.domain_mails_per_hour", Kind::Number),
    ("limits.all_mails_per_hour", Kind::Number),
    ("http.request_seconds", Kind::Number),
    ("http.body_seconds", Kind::Number),
    ("http.body_grace_seconds", Kind::Number),
    ("http.body_bytes_per_second", Kind::Number),
    ("http.header_seconds", Kind::Number),
    ("http.answer_seconds", Kind::Number),
    ("http.client_hello_seconds", Kind::Number),
    ("http.handshake_seconds", Kind::Number),
    ("http.shutdown_seconds", Kind::Number),
    ("http.body_bytes", Kind::Number),
    ("http.header_bytes", Kind::Number),
    ("http.bodies", Kind::Number),
    ("http.bodies_per_address", Kind::Number),
    ("http.concurrent_requests", Kind::Number),
    ("http.requests_per_address", Kind::Number),
    ("http.requests_per_connection", Kind::Number),
    ("http.concurrent_upgrades", Kind::Number),
    ("http.upgrades_per_address", Kind::Number),
    ("http.connections", Kind::Number),
    ("http.connections_per_address", Kind::Number),
    ("http.handshakes", Kind::Number),
    ("http.handshakes_per_address", Kind::Number),
    ("http.trusted_proxies", Kind::List),
    ("http.proxy_header", Kind::Text),
];

/// The settings that clients read too. Clients ignore the others, which may belong to a server of another
/// version.
const OF_CLIENTS: &[&str] = &["data", "log.format", "log.level"];

/// The settings that a command reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All settings. An unknown name is an error.
    Server,
    /// The settings of clients. Others are ignored.
    Client,
}

impl Scope {
    fn reads(self, key: &str) -> bool {
        self == Self::Server || OF_CLIENTS.contains(&key)
    }
}

/// A setting from the command line.
pub(crate) struct Flag {
    flag: &'static str,
    key: &'static str,
    text: String,
}

impl Flag {
    pub(crate) fn new(flag: &'static str, key: &'static str, text: &str) -> Self {
        Self {
            flag,
            key,
            text: text.to_owned(),
        }
    }
}

/// Loads the settings. `config` is the file that was named on the command line.
pub(crate) fn load(
    config: Option<&Path>,
    environment: &Environment,
    flags: &[Flag],
    scope: Scope,
) -> anyhow::Result<Settings> {
    let mut layers = Layers::default();
    if scope == Scope::Server
        && let Some(name) = unknown_variables(environment).next()
    {
        bail!(
            Failure::new("setting_invalid", format!("the variable {name} is unknown"))
                .next("Unset it, or look its name up in `anteroom settings`")
        );
    }
    if let Some(path) = find_file(config, environment, flags, scope)? {
        layers.read_file(&path, scope)?;
    }
    for name in environment.settings() {
        if let Some((key, kind)) = key_of_variable(name)
            && scope.reads(key)
            && let Some(text) = environment.text(name)?
        {
            let set = layers.set(key, kind, &text);
            set.map_err(|error| Failure::of_setting(format!("the variable {name}"), error))?;
        }
    }
    for Flag { flag, key, text } in flags {
        let set = layers.set(key, Kind::Text, text);
        set.map_err(|error| Failure::of_setting(format!("the flag {flag}"), error))?;
    }
    layers.settings()
}

/// Returns the variables whose names look like settings, and which are none.
pub(crate) fn unknown_variables(environment: &Environment) -> impl Iterator<Item = &str> {
    environment
        .settings()
        .filter(|name| key_of_variable(name).is_none())
}

/// Returns whether a flag, a variable or a named configuration file sets the data directory.
pub(crate) fn names_data(
    config: Option<&Path>,
    environment: &Environment,
    flags: &[Flag],
    scope: Scope,
) -> anyhow::Result<bool> {
    let by_variable = environment.text(&variable_of_key("data"))?.is_some();
    if by_variable || flags.iter().any(|flag| flag.key == "data") {
        return Ok(true);
    }
    if config.is_none() && environment.text(environment::CONFIG)?.is_none() {
        return Ok(false);
    }
    let mut layers = Layers::default();
    if let Some(path) = find_file(config, environment, flags, scope)? {
        layers.read_file(&path, scope)?;
    }
    Ok(layers.0.contains_key("data"))
}

#[derive(Default)]
struct Layers(Table);

impl Layers {
    fn read_file(&mut self, path: &Path, scope: Scope) -> anyhow::Result<()> {
        let text = fs::read_to_string(path).map_err(|error| unreadable(path, error))?;
        let complain = |error: &toml::de::Error| {
            let line = error.span().map_or(1, |span| {
                1 + text
                    .bytes()
                    .take(span.start)
                    .filter(|b| *b == b'\n')
                    .count()
            });
            let place = format!("{}, line {line},", path.display());
            Failure::of_setting(place, anyhow!(one_line(error)))
        };
        if scope == Scope::Server {
            toml::from_str::<Settings>(&text).map_err(|error| complain(&error))?;
        }
        let table: Table = toml::from_str(&text).map_err(|error| complain(&error))?;
        match scope {
            Scope::Server => self.0 = table,
            Scope::Client => {
                for key in OF_CLIENTS {
                    if let Some(value) = find(&table, key) {
                        insert(&mut self.0, key, value.clone());
                    }
                }
                self.settings()
                    .with_context(|| path.display().to_string())?;
            }
        }
        Ok(())
    }

    /// Sets one key, and checks it immediately so that the error can name its source.
    fn set(&mut self, key: &str, kind: Kind, text: &str) -> anyhow::Result<()> {
        let value = match kind {
            Kind::Text => Value::String(text.to_owned()),
            Kind::Number => Value::Integer(text.parse().context("not a whole number")?),
            Kind::List => text
                .split(',')
                .map(|part| Value::String(part.trim().to_owned()))
                .collect::<Vec<_>>()
                .into(),
            Kind::Switch => Value::Boolean(text.parse().context("neither true nor false")?),
        };
        insert(&mut self.0, key, value);
        self.settings().map(drop)
    }

    fn settings(&self) -> anyhow::Result<Settings> {
        Settings::deserialize(self.0.clone()).map_err(|error| anyhow!(one_line(&error)))
    }
}

/// Returns the names of all settings.
#[cfg(test)]
pub(super) fn keys() -> impl Iterator<Item = &'static str> {
    KEYS.iter().map(|(key, _)| *key)
}

fn key_of_variable(name: &str) -> Option<(&'static str, Kind)> {
    KEYS.iter()
        .find(|(key, _)| variable_of_key(key) == name)
        .copied()
}

pub(super) fn variable_of_key(key: &str) -> String {
    format!("ANTEROOM_{}", key.replace('.', "_").to_uppercase())
}

fn find<'a>(table: &'a Table, key: &str) -> Option<&'a Value> {
    match key.split_once('.') {
        None => table.get(key),
        Some((section, rest)) => find(table.get(section)?.as_table()?, rest),
    }
}

fn insert(table: &mut Table, key: &str, value: Value) {
    match key.split_once('.') {
        None => {
            table.insert(key.to_owned(), value);
        }
        Some((section, rest)) => {
            let section = table
                .entry(section)
                .or_insert_with(|| Value::Table(Table::new()));
            // A file that has a plain value here was refused when it was read.
            if let Value::Table(section) = section {
                insert(section, rest, value);
            }
        }
    }
}

fn unreadable(path: &Path, error: io::Error) -> Failure {
    let next = match error.kind() {
        ErrorKind::NotFound => "Correct the path in --config or ANTEROOM_CONFIG, or leave both out",
        ErrorKind::IsADirectory => "Name the file in it: --config DIR/anteroom.toml",
        ErrorKind::InvalidData => "Write it as TOML, in UTF-8",
        _ => "Make it readable for this user, or run the command as the user of the service",
    };
    let what = format!("the configuration file {} cannot be read", path.display());
    Failure::new("setting_invalid", what)
        .because(error)
        .next(next)
}

fn one_line(error: &toml::de::Error) -> String {
    error.message().lines().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
