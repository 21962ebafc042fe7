//! Loading of settings from a file, variables and flags; later ones win.

mod file;

use std::{fs, path::Path};

use anteroom_console::{
    environment::{self, Environment},
    failure::Failure,
};
use anyhow::{Context as _, anyhow, bail};
use serde::Deserialize as _;
use toml::{Table, Value};

pub use self::file::find_file;
use super::{
    Settings,
    schema::{self, Setting, SettingType, variable_of_key},
    source::{Flag, OF_CLIENTS, Scope, unreadable},
};

/// Loads the settings. `config` is the file that was named on the command line.
pub fn load(
    config: Option<&Path>,
    environment: &Environment,
    flags: &[Flag],
    scope: Scope,
) -> anyhow::Result<Settings> {
    let known = schema::all()?;
    let mut layers = Layers::default();
    if scope == Scope::Server
        && let Some(name) = unknown(environment, &known).next()
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
        if let Some(setting) = of_variable(&known, name)
            && scope.reads(&setting.key)
            && let Some(text) = environment.text(name)?
        {
            let set = layers.set(&setting.key, setting.value, &text);
            set.map_err(|error| Failure::of_setting(format!("the variable {name}"), error))?;
        }
    }
    for Flag { flag, key, text } in flags {
        let mut settings = known.iter();
        let setting = settings.find(|setting| setting.key == *key);
        let kind = setting.map_or(SettingType::Text, |setting| setting.value);
        let set = layers.set(key, kind, text);
        set.map_err(|error| Failure::of_setting(format!("the flag {flag}"), error))?;
    }
    layers.settings()
}

/// Returns the variables whose names look like settings, and which are none.
pub fn unknown_variables(environment: &Environment) -> anyhow::Result<Vec<&str>> {
    Ok(unknown(environment, &schema::all()?).collect())
}

fn unknown<'a>(environment: &'a Environment, known: &[Setting]) -> impl Iterator<Item = &'a str> {
    let names = environment.settings();
    names.filter(|name| of_variable(known, name).is_none())
}

fn of_variable<'a>(known: &'a [Setting], name: &str) -> Option<&'a Setting> {
    let mut found = known.iter().filter(|one| variable_of_key(&one.key) == name);
    found.next()
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

fn one_line(error: &toml::de::Error) -> String {
    error.message().lines().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
