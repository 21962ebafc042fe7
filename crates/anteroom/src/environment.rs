//! The `ANTEROOM_*` variables.

use std::{collections::BTreeMap, ffi::OsString};

use anyhow::{Context as _, bail};
use zeroize::Zeroizing;

const PREFIX: &str = "ANTEROOM_";

pub(crate) const CONFIG: &str = "ANTEROOM_CONFIG";
pub(crate) const MASTER_KEY: &str = "ANTEROOM_MASTER_KEY";
pub(crate) const MASTER_KEY_FILE: &str = "ANTEROOM_MASTER_KEY_FILE";
pub(crate) const DEVICE_PASSWORD: &str = "ANTEROOM_DEVICE_PASSWORD";
pub(crate) const ACCOUNT: &str = "ANTEROOM_ACCOUNT";
pub(crate) const ISSUER_URL: &str = "ANTEROOM_ISSUER_URL";
pub(crate) const ROOMS_URL: &str = "ANTEROOM_ROOMS_URL";
pub(crate) const LINKS_KEY_FILE: &str = "ANTEROOM_LINKS_KEY_FILE";
pub(crate) const GROUP_CALL_KEY_FILE: &str = "ANTEROOM_GROUP_CALL_KEY_FILE";

/// Variables that are no settings: secrets, and what only clients use.
const OTHERS: &[&str] = &[
    CONFIG,
    MASTER_KEY,
    MASTER_KEY_FILE,
    DEVICE_PASSWORD,
    ACCOUNT,
    ISSUER_URL,
    ROOMS_URL,
    LINKS_KEY_FILE,
    GROUP_CALL_KEY_FILE,
];

/// The variables as they were when the process started. Some are secret: there is no `Debug`.
pub(crate) struct Environment(BTreeMap<String, OsString>);

impl Environment {
    pub(crate) fn of_process() -> Self {
        Self::new(std::env::vars_os())
    }

    pub(crate) fn new(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        Self(
            variables
                .into_iter()
                .map(|(name, value)| (name.to_string_lossy().into_owned(), value))
                .filter(|(name, _)| name.starts_with(PREFIX))
                .collect(),
        )
    }

    /// A variable's text; `None` if it is not set or empty.
    pub(crate) fn text(&self, name: &str) -> anyhow::Result<Option<Zeroizing<String>>> {
        let Some(value) = self.0.get(name).filter(|value| !value.is_empty()) else {
            return Ok(None);
        };
        let text = value
            .to_str()
            .with_context(|| format!("the variable {name} is not UTF-8"))?;
        Ok(Some(Zeroizing::new(text.to_owned())))
    }

    /// All variables that set something, with their texts. `is_setting` knows their names.
    pub(crate) fn settings(
        &self,
        is_setting: impl Fn(&str) -> bool,
    ) -> anyhow::Result<Vec<(&str, Zeroizing<String>)>> {
        let mut settings = Vec::new();
        for name in self.0.keys() {
            if OTHERS.contains(&name.as_str()) {
                continue;
            }
            if !is_setting(name) {
                bail!("the variable {name} is unknown");
            }
            if let Some(text) = self.text(name)? {
                settings.push((name.as_str(), text));
            }
        }
        Ok(settings)
    }
}

#[cfg(test)]
impl Environment {
    pub(crate) fn of(variables: &[(&str, &str)]) -> Self {
        Self::new(
            variables
                .iter()
                .map(|(name, value)| (name.into(), value.into())),
        )
    }
}
