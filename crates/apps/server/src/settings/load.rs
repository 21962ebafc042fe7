//! Loading of settings from a file, variables and flags; later ones win.

mod file;

use std::{
    fs,
    io::{self, ErrorKind},
    path::Path,
};

use anteroom_console::{
    environment::{self, Environment},
    failure::Failure,
};
use anyhow::{Context as _, anyhow, bail};
use serde::Deserialize as _;
use toml::{Table, Value};

pub use self::file::find_file;
use super::Settings;

/// The TOML type of a variable's or a flag's text.
#[derive(Clone, Copy)]
enum SettingType {
    Text,
    Number,
    Switch,
    /// A list, separated by commas.
    List,
}

/// All settings, by their keys in the file. A setting's variable has the same name with `_` for `.`.
const KEYS: &[(&str, SettingType)] = &[
    ("data", SettingType::Text),
    ("role", SettingType::Text),
    ("issue_mode", SettingType::Text),
    ("legacy_params", SettingType::Switch),
    ("program_page", SettingType::Text),
    ("issuer.listen", SettingType::Text),
    ("issuer.public_url", SettingType::Text),
    ("issuer.tls.certificate", SettingType::Text),
    ("issuer.tls.key", SettingType::Text),
    ("rooms.listen", SettingType::Text),
    ("rooms.tls.certificate", SettingType::Text),
    ("rooms.tls.key", SettingType::Text),
    ("rooms.internal_listen", SettingType::Text),
    ("rooms.public_url", SettingType::Text),
    ("rooms.region", SettingType::Text),
    ("rooms.max_devices", SettingType::Number),
    ("rooms.devices_per_user", SettingType::Number),
    ("rooms.sockets", SettingType::Number),
    ("rooms.sockets_per_address", SettingType::Number),
    ("rooms.unjoined_sockets", SettingType::Number),
    ("rooms.unjoined_sockets_per_address", SettingType::Number),
    ("rooms.epochs", SettingType::Switch),
    ("rooms.origins", SettingType::List),
    ("rooms.media", SettingType::Text),
    ("rooms.media_servers", SettingType::List),
    ("admin.listen", SettingType::Text),
    ("admin.tls.certificate", SettingType::Text),
    ("admin.tls.key", SettingType::Text),
    ("events.stdout", SettingType::Switch),
    ("events.file", SettingType::Text),
    ("events.rooms_file", SettingType::Text),
    ("events.queue", SettingType::Number),
    ("events.personal", SettingType::Switch),
    ("events.time_step_seconds", SettingType::Number),
    ("events.rooms_time_step_seconds", SettingType::Number),
    ("events.webhook.url", SettingType::Text),
    ("events.webhook.rooms_url", SettingType::Text),
    ("events.webhook.queue", SettingType::Number),
    ("events.webhook.timeout_seconds", SettingType::Number),
    ("login.sign_up", SettingType::Text),
    ("login.lock_failures", SettingType::Number),
    ("login.lock_seconds", SettingType::Number),
    ("login.lock_mail", SettingType::Switch),
    ("login.hash_memory_kib", SettingType::Number),
    ("login.hash_passes", SettingType::Number),
    ("login.hashes_at_once", SettingType::Number),
    ("login.hashes_waiting", SettingType::Number),
    ("login.hash_wait_seconds", SettingType::Number),
    ("login.known_network_days", SettingType::Number),
    ("login.known_networks", SettingType::Number),
    ("login.device_retention_days", SettingType::Number),
    ("mail.transport", SettingType::Text),
    ("mail.from", SettingType::Text),
    ("mail.folder", SettingType::Text),
    ("mail.queue", SettingType::Number),
    ("mail.smtp.host", SettingType::Text),
    ("mail.smtp.port", SettingType::Number),
    ("mail.smtp.encryption", SettingType::Text),
    ("mail.smtp.user", SettingType::Text),
    ("mail.smtp.extra_roots", SettingType::Text),
    ("mail.smtp.timeout_seconds", SettingType::Number),
    ("oidc.issuers", SettingType::List),
    ("oidc.audiences", SettingType::List),
    ("oidc.create_accounts", SettingType::Switch),
    ("oidc.clock_skew_seconds", SettingType::Number),
    ("oidc.refresh_seconds", SettingType::Number),
    ("oidc.keys_max_age_seconds", SettingType::Number),
    ("oidc.timeout_seconds", SettingType::Number),
    ("oidc.extra_roots", SettingType::Text),
    ("relays.provider", SettingType::Text),
    ("relays.hostname", SettingType::Text),
    ("relays.urls", SettingType::List),
    ("relays.urls_with_ips", SettingType::List),
    ("relays.ttl_seconds", SettingType::Number),
    ("relays.api_url", SettingType::Text),
    ("relays.timeout_seconds", SettingType::Number),
    ("relay_experiment.percent", SettingType::Number),
    ("relay_experiment.relays.provider", SettingType::Text),
    ("relay_experiment.relays.hostname", SettingType::Text),
    ("relay_experiment.relays.urls", SettingType::List),
    ("relay_experiment.relays.urls_with_ips", SettingType::List),
    ("relay_experiment.relays.ttl_seconds", SettingType::Number),
    ("relay_experiment.relays.api_url", SettingType::Text),
    (
        "relay_experiment.relays.timeout_seconds",
        SettingType::Number,
    ),
    ("keys.reload_seconds", SettingType::Number),
    ("log.format", SettingType::Text),
    ("log.level", SettingType::Text),
    ("limits.create_auth.capacity", SettingType::Number),
    ("limits.create_auth.refill_seconds", SettingType::Number),
    ("limits.relays.capacity", SettingType::Number),
    ("limits.relays.refill_seconds", SettingType::Number),
    ("limits.batches.capacity", SettingType::Number),
    ("limits.batches.refill_seconds", SettingType::Number),
    ("limits.work.waiting", SettingType::Number),
    ("limits.work.waiting_per_account", SettingType::Number),
    ("limits.verifications.capacity", SettingType::Number),
    ("limits.verifications.per_second", SettingType::Number),
    ("limits.verifications.failure_cost", SettingType::Number),
    ("limits.verifications.waiting", SettingType::Number),
    ("limits.logins_per_minute", SettingType::Number),
    ("limits.mails_per_hour", SettingType::Number),
    ("limits.domain_mails_per_hour", SettingType::Number),
    ("limits.all_mails_per_hour", SettingType::Number),
    ("http.request_seconds", SettingType::Number),
    ("http.body_seconds", SettingType::Number),
    ("http.body_grace_seconds", SettingType::Number),
    ("http.body_bytes_per_second", SettingType::Number),
    ("http.header_seconds", SettingType::Number),
    ("http.answer_seconds", SettingType::Number),
    ("http.client_hello_seconds", SettingType::Number),
    ("http.handshake_seconds", SettingType::Number),
    ("http.shutdown_seconds", SettingType::Number),
    ("http.body_bytes", SettingType::Number),
    ("http.header_bytes", SettingType::Number),
    ("http.bodies", SettingType::Number),
    ("http.bodies_per_address", SettingType::Number),
    ("http.concurrent_requests", SettingType::Number),
    ("http.requests_per_address", SettingType::Number),
    ("http.requests_per_connection", SettingType::Number),
    ("http.concurrent_upgrades", SettingType::Number),
    ("http.upgrades_per_address", SettingType::Number),
    ("http.connections", SettingType::Number),
    ("http.connections_per_address", SettingType::Number),
    ("http.handshakes", SettingType::Number),
    ("http.handshakes_per_address", SettingType::Number),
    ("http.trusted_proxies", SettingType::List),
    ("http.proxy_header", SettingType::Text),
];

/// The settings that clients read too. Clients ignore the others, which may belong to a server of another
/// version.
const OF_CLIENTS: &[&str] = &["data", "log.format", "log.level"];

/// The settings that a command reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
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
pub struct Flag {
    flag: &'static str,
    key: &'static str,
    text: String,
}

impl Flag {
    /// Returns the setting `key` with this text, as `flag` gives it.
    pub fn new(flag: &'static str, key: &'static str, text: &str) -> Self {
        Self {
            flag,
            key,
            text: text.to_owned(),
        }
    }
}

/// Loads the settings. `config` is the file that was named on the command line.
pub fn load(
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
        let set = layers.set(key, SettingType::Text, text);
        set.map_err(|error| Failure::of_setting(format!("the flag {flag}"), error))?;
    }
    layers.settings()
}

/// Returns the variables whose names look like settings, and which are none.
pub fn unknown_variables(environment: &Environment) -> impl Iterator<Item = &str> {
    environment
        .settings()
        .filter(|name| key_of_variable(name).is_none())
}

/// Returns whether a flag, a variable or a named configuration file sets the data directory.
pub fn names_data(
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
    fn set(&mut self, key: &str, kind: SettingType, text: &str) -> anyhow::Result<()> {
        let value = match kind {
            SettingType::Text => Value::String(text.to_owned()),
            SettingType::Number => Value::Integer(text.parse().context("not a whole number")?),
            SettingType::List => text
                .split(',')
                .map(|part| Value::String(part.trim().to_owned()))
                .collect::<Vec<_>>()
                .into(),
            SettingType::Switch => Value::Boolean(text.parse().context("neither true nor false")?),
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

fn key_of_variable(name: &str) -> Option<(&'static str, SettingType)> {
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
        .with_reason(error)
        .next(next)
}

fn one_line(error: &toml::de::Error) -> String {
    error.message().lines().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
