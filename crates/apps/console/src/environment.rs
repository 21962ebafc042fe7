//! The `ANTEROOM_*` variables.

use std::{collections::BTreeMap, ffi::OsString, fs, iter, path::PathBuf, sync::Arc};

use anyhow::{Context as _, bail};
use zeroize::Zeroizing;

use crate::service_link::is_service_link;

const PREFIX: &str = "ANTEROOM_";

/// The configuration file.
pub const CONFIG: &str = "ANTEROOM_CONFIG";
/// The master key.
pub const MASTER_KEY: &str = "ANTEROOM_MASTER_KEY";
/// The file of the master key.
pub const MASTER_KEY_FILE: &str = "ANTEROOM_MASTER_KEY_FILE";
/// The password of the account's device.
pub const DEVICE_PASSWORD: &str = "ANTEROOM_DEVICE_PASSWORD";
/// The account, and its device if it is not the first.
pub const ACCOUNT: &str = "ANTEROOM_ACCOUNT";
/// The issuer's address.
pub const ISSUER_URL: &str = "ANTEROOM_ISSUER_URL";
/// The room service's address.
pub const ROOMS_URL: &str = "ANTEROOM_ROOMS_URL";
/// The password of a login.
pub const PASSWORD: &str = "ANTEROOM_PASSWORD";
/// The file of the key that seals logins.
pub const LOGINS_KEY_FILE: &str = "ANTEROOM_LOGINS_KEY_FILE";
/// The file of the key that seals links.
pub const LINKS_KEY_FILE: &str = "ANTEROOM_LINKS_KEY_FILE";
/// The file of the key that seals credentials.
pub const CREDENTIALS_KEY_FILE: &str = "ANTEROOM_CREDENTIALS_KEY_FILE";
/// Whether commands renew credentials in the background.
pub const RENEWAL: &str = "ANTEROOM_RENEWAL";
/// The file of the key of group-call tokens.
pub const GROUP_CALL_KEY_FILE: &str = "ANTEROOM_GROUP_CALL_KEY_FILE";
/// The password at the mail server.
pub const SMTP_PASSWORD: &str = "ANTEROOM_SMTP_PASSWORD";
/// The file of the password at the mail server.
pub const SMTP_PASSWORD_FILE: &str = "ANTEROOM_SMTP_PASSWORD_FILE";
/// The secret that signs the requests of the webhook.
pub const WEBHOOK_SECRET: &str = "ANTEROOM_WEBHOOK_SECRET";
/// The file of the secret of the webhook.
pub const WEBHOOK_SECRET_FILE: &str = "ANTEROOM_WEBHOOK_SECRET_FILE";
/// The secret of the relays.
pub const RELAY_SECRET: &str = "ANTEROOM_RELAY_SECRET";
/// The file of the secret of the relays.
pub const RELAY_SECRET_FILE: &str = "ANTEROOM_RELAY_SECRET_FILE";
/// The secret of the relays of the experiment.
pub const RELAY_EXPERIMENT_SECRET: &str = "ANTEROOM_RELAY_EXPERIMENT_SECRET";
/// The file of the secret of the relays of the experiment.
pub const RELAY_EXPERIMENT_SECRET_FILE: &str = "ANTEROOM_RELAY_EXPERIMENT_SECRET_FILE";

/// The variables that name or hold secrets which are in no database, except the master key.
pub const SECRETS: [&str; 9] = [
    GROUP_CALL_KEY_FILE,
    SMTP_PASSWORD,
    SMTP_PASSWORD_FILE,
    WEBHOOK_SECRET,
    WEBHOOK_SECRET_FILE,
    RELAY_SECRET,
    RELAY_SECRET_FILE,
    RELAY_EXPERIMENT_SECRET,
    RELAY_EXPERIMENT_SECRET_FILE,
];

/// The other variables that are no settings.
const OTHERS: &[&str] = &[
    CONFIG,
    MASTER_KEY,
    MASTER_KEY_FILE,
    DEVICE_PASSWORD,
    ACCOUNT,
    ISSUER_URL,
    ROOMS_URL,
    PASSWORD,
    LOGINS_KEY_FILE,
    LINKS_KEY_FILE,
    CREDENTIALS_KEY_FILE,
    RENEWAL,
];

/// The variables at the start of the process. Some are secret: there is no `Debug`, and clones share them.
#[derive(Clone)]
pub struct Environment(Arc<BTreeMap<String, OsString>>);

impl Environment {
    /// Returns the variables of this process.
    pub fn of_process() -> Self {
        Self::new(std::env::vars_os())
    }

    /// Keeps those of the variables that are for this program.
    pub fn new(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        Self(Arc::new(
            variables
                .into_iter()
                .map(|(name, value)| (name.to_string_lossy().into_owned(), value))
                .filter(|(name, _)| name.starts_with(PREFIX))
                .collect(),
        ))
    }

    /// Returns a variable's text; `None` if it is not set or empty.
    pub fn text(&self, name: &str) -> anyhow::Result<Option<Zeroizing<String>>> {
        let Some(value) = self.0.get(name).filter(|value| !value.is_empty()) else {
            return Ok(None);
        };
        let text = value
            .to_str()
            .with_context(|| format!("the variable {name} is not UTF-8"))?;
        Ok(Some(Zeroizing::new(text.to_owned())))
    }

    /// Returns a secret from a file or from a variable. Refuses both at once and an empty one. Line breaks at
    /// the end of the file are removed.
    pub fn secret(
        &self,
        variable: &str,
        file_variable: &str,
    ) -> anyhow::Result<Option<Zeroizing<String>>> {
        let Some(file) = self.text(file_variable)? else {
            return self.text(variable);
        };
        if self.text(variable)?.is_some() {
            bail!("of {variable} and {file_variable} only one may be set");
        }
        let path = file.as_str();
        let bytes = fs::read(path)
            .map(Zeroizing::new)
            .with_context(|| format!("{file_variable}: {path} cannot be read"))?;
        let text = str::from_utf8(&bytes)
            .ok()
            .with_context(|| format!("{file_variable}: {path} is not UTF-8"))?;
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() {
            bail!("{file_variable}: {path} is empty");
        }
        Ok(Some(Zeroizing::new(text.to_owned())))
    }

    /// Returns the files that variables name for secrets, with their variables.
    pub fn secret_files(&self) -> Vec<(&'static str, PathBuf)> {
        let secrets = SECRETS.into_iter().filter(|name| name.ends_with("_FILE"));
        let named = iter::once(MASTER_KEY_FILE)
            .chain(secrets)
            .filter_map(|variable| {
                let file = self.0.get(variable).filter(|file| !file.is_empty())?;
                Some((variable, PathBuf::from(file)))
            });
        named.collect()
    }

    /// Returns the names of all variables that may be settings: neither secrets nor the service links of a
    /// cluster.
    pub fn settings(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(|(name, value)| {
                !SECRETS.contains(&name.as_str())
                    && !OTHERS.contains(&name.as_str())
                    && !is_service_link(name, value.to_str().unwrap_or_default())
            })
            .map(|(name, _)| name.as_str())
    }

    /// Returns an environment of these variables.
    pub fn of(variables: &[(&str, &str)]) -> Self {
        Self::new(
            variables
                .iter()
                .map(|(name, value)| (name.into(), value.into())),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_stands_in_a_file_or_in_a_variable() {
        let dir = tempfile::TempDir::new().unwrap();
        let path = dir.path().join("secret");
        let file = path.to_str().unwrap();
        for (variables, content, expected) in [
            (&[][..], "", Ok(None)),
            (&[("ANTEROOM_X", "a b")], "", Ok(Some("a b"))),
            (
                &[("ANTEROOM_X_FILE", file)],
                " a b \r\n\n",
                Ok(Some(" a b ")),
            ),
            (&[("ANTEROOM_X_FILE", file)], "\n", Err("is empty")),
            (
                &[("ANTEROOM_X_FILE", "/nowhere")],
                "",
                Err("/nowhere cannot be read"),
            ),
            (
                &[("ANTEROOM_X_FILE", file), ("ANTEROOM_X", "a")],
                "b",
                Err("only one"),
            ),
        ] {
            fs::write(&path, content).unwrap();
            let got = Environment::of(variables).secret("ANTEROOM_X", "ANTEROOM_X_FILE");
            match (got, expected) {
                (Ok(got), Ok(expected)) => {
                    assert_eq!(got.as_ref().map(|got| got.as_str()), expected);
                }
                (Err(got), Err(expected)) => assert!(got.to_string().contains(expected)),
                (got, _) => panic!("{:?}", got.is_ok()),
            }
        }
    }
}
