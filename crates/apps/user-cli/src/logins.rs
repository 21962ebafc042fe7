//! The login of a user at an issuer, in a sealed file.
//!
//! One file for each issuer, in `logins` in the user's configuration directory, named by a hash of the
//! issuer's address. The hash is authenticated, and must be that of the address inside the file: a file in
//! the place of another would send one issuer's tokens to another. Concurrent commands share a login: a
//! renewal locks the file and starts with its stored content.

mod device;

use std::fs::{self, File};

use anteroom_client::{
    DeviceId, LockedSession, SessionGrant, SessionStore, SessionStoreError, SessionTokens,
};
use anteroom_console::{
    environment::{self, Environment},
    failure::Failure,
    os,
};
use anteroom_protocol::{Aci, DAY, Timestamp};
use anyhow::bail;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use self::device::DeviceFile;

use crate::{
    sealed_file::{FileFormat, SealedFile, file_name},
    user_directory::user_directory,
};

const KIND: FileFormat = FileFormat {
    format: "anteroom login 2",
    old: Some(b"anteroom login 1\n"),
    noun: "login",
    key_name: "logins.key",
    key_variable: environment::LOGINS_KEY_FILE,
};
/// The folder of all logins in the user's directory.
const FOLDER: &str = "logins";
/// The remaining lifetime, in seconds, below which an access token is renewed before its use.
const ALMOST_OVER: u64 = 60;

/// The file of the login at an issuer.
#[derive(Clone, Debug)]
pub(crate) struct LoginFile {
    file: SealedFile,
    /// The address of the issuer.
    issuer: String,
    /// Whether a new login lasts 30 days without use instead of 7; a renewed one keeps its lifetime.
    remember: Option<bool>,
}

pub(crate) struct StoredLogin {
    pub(crate) session: SessionGrant,
    /// The time at which it ends without a renewal.
    pub(crate) until: Timestamp,
}

/// Contains secrets: there is no `Debug`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    issuer: String,
    account: String,
    device: u32,
    email: String,
    remember: bool,
    /// The time of the last renewal, by this device's clock.
    renewed: u64,
    /// The same by the issuer's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    granted: Option<u64>,
    access: String,
    access_expires: u64,
    refresh: String,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.email.zeroize();
        self.access.zeroize();
        self.refresh.zeroize();
    }
}

impl LoginFile {
    pub(crate) fn of_user(environment: &Environment, issuer: &str) -> anyhow::Result<Self> {
        Ok(Self {
            file: sealed_file(file_name(issuer), environment)?,
            issuer: issuer.to_owned(),
            remember: None,
        })
    }

    /// Returns the address that the issuer is known by.
    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Returns the addresses of all issuers with a login.
    pub(crate) fn issuers(environment: &Environment) -> anyhow::Result<Vec<String>> {
        let Ok(entries) = fs::read_dir(user_directory()?.join(FOLDER)) else {
            return Ok(Vec::new());
        };
        let mut issuers = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_none_or(|end| end != "sealed") {
                continue;
            }
            let name = path.file_stem().unwrap_or_default();
            let owner = name.to_string_lossy().into_owned();
            let file = SealedFile {
                path,
                ..sealed_file(owner, environment)?
            };
            let read = read(&file)?;
            issuers.extend(read.map(|(entry, _)| entry.issuer.clone()));
        }
        Ok(issuers)
    }

    /// Returns whether there is a login, readable or damaged.
    pub(crate) fn is_there(&self) -> bool {
        self.file.path.exists()
    }

    /// Prepares the file for a new login.
    pub(crate) fn for_new(mut self, remember: bool) -> Self {
        self.remember = Some(remember);
        self
    }

    /// Returns the stored login. Rewrites a file of the old format.
    pub(crate) fn load(&self) -> anyhow::Result<Option<StoredLogin>> {
        let Some((entry, is_old)) = read(&self.file)? else {
            return Ok(None);
        };
        if is_old && let Err(error) = self.migrate() {
            // The login is usable without the migration.
            tracing::debug!("{error:#}");
        }
        self.parse(&entry).map(Some)
    }

    fn parse(&self, entry: &Entry) -> anyhow::Result<StoredLogin> {
        let stored_login = entry.parse(os::now());
        stored_login.ok_or_else(|| self.file.damaged())
    }

    fn migrate(&self) -> anyhow::Result<()> {
        let _lock = self.file.lock()?;
        // Another command may have renewed or ended the login.
        let Some((entry, true)) = read(&self.file)? else {
            return Ok(());
        };
        self.file.write_json(&entry)
    }

    /// Removes the login, readable or not.
    pub(crate) fn remove(&self) -> anyhow::Result<()> {
        let _lock = self.file.lock()?;
        self.file.remove()
    }

    /// Returns the device that the user was last logged in as with an address that `is_same` accepts, also
    /// after a logout.
    pub(crate) fn last_device(&self, is_same: impl FnOnce(&str) -> bool) -> Option<DeviceId> {
        let (email, device) = DeviceFile::beside(&self.file).load()?;
        is_same(&email).then_some(device)
    }

    fn store(&self, session: &SessionGrant) -> anyhow::Result<()> {
        let remember = match self.remember {
            Some(remember) => remember,
            None => read(&self.file)?.is_some_and(|(entry, _)| entry.remember),
        };
        let now = os::now();
        let tokens = &session.tokens;
        let access = tokens.access.as_ref().map(ExposeSecret::expose_secret);
        let entry = Entry {
            issuer: self.issuer.clone(),
            account: session.aci.to_uuid_string(),
            device: session.device.as_u32(),
            email: session.email.to_string(),
            remember,
            renewed: now.as_secs(),
            granted: session.granted.map(Timestamp::as_secs),
            access: access.unwrap_or_default().to_owned(),
            access_expires: now.plus(tokens.access_lifetime.as_secs()).as_secs(),
            refresh: tokens.refresh.expose_secret().to_owned(),
        };
        self.file.write_json(&entry)?;
        if self.remember.is_some()
            && let Err(error) = DeviceFile::beside(&self.file).store(&session.email, session.device)
        {
            // The login is usable without it.
            tracing::debug!("{error:#}");
        }
        Ok(())
    }
}

impl Entry {
    fn parse(&self, now: Timestamp) -> Option<StoredLogin> {
        let granted = Timestamp::from_secs(self.granted.unwrap_or(self.renewed));
        let is_good = now.plus(ALMOST_OVER).as_secs() < self.access_expires;
        let access =
            (is_good && !self.access.is_empty()).then(|| SecretString::from(self.access.as_str()));
        let lifetime = self.access_expires.saturating_sub(self.renewed);
        Some(StoredLogin {
            session: SessionGrant {
                aci: Aci::parse(&self.account).ok()?,
                device: DeviceId::new(self.device)?,
                email: Zeroizing::new(self.email.clone()),
                tokens: SessionTokens {
                    access,
                    access_lifetime: std::time::Duration::from_secs(lifetime),
                    refresh: SecretString::from(self.refresh.as_str()),
                },
                granted: self.granted.map(Timestamp::from_secs),
            },
            until: granted.plus(if self.remember { 30 * DAY } else { 7 * DAY }),
        })
    }
}

/// The lock is released when the file is closed.
struct LoginFileLock {
    login: LoginFile,
    _lock: File,
}

impl SessionStore for LoginFile {
    fn lock(&self) -> Result<Box<dyn LockedSession>, SessionStoreError> {
        Ok(Box::new(LoginFileLock {
            _lock: self.file.lock().map_err(failed)?,
            login: self.clone(),
        }))
    }
}

impl LockedSession for LoginFileLock {
    fn load(&mut self) -> Result<Option<SessionGrant>, SessionStoreError> {
        // The lock is held already; a migration would lock the file again.
        let login = &self.login;
        let parse = |(entry, _): (Entry, bool)| login.parse(&entry);
        match read(&login.file).and_then(|read| read.map(parse).transpose()) {
            Ok(stored_login) => Ok(stored_login.map(|stored_login| stored_login.session)),
            // A new login replaces an unreadable one.
            Err(error) if self.login.remember.is_some() => {
                tracing::warn!("{error:#}: it is replaced");
                self.login.file.remove().map_err(failed)?;
                Ok(None)
            }
            Err(error) => Err(failed(error)),
        }
    }

    fn replace(&mut self, session: &SessionGrant) -> Result<(), SessionStoreError> {
        self.login.store(session).map_err(failed)
    }

    fn remove(&mut self) -> Result<(), SessionStoreError> {
        self.login.file.remove().map_err(failed)
    }
}

fn failed(error: anyhow::Error) -> SessionStoreError {
    let failure = Failure::of(error);
    SessionStoreError::with_source(failure.to_string(), failure)
}

/// Returns the content of a file, and whether it is of the old format.
fn read(file: &SealedFile) -> anyhow::Result<Option<(Entry, bool)>> {
    let Some(opened) = file.read()? else {
        return Ok(None);
    };
    let entry: Entry = file.parse(&opened)?;
    if file.owner.as_deref() != Some(file_name(&entry.issuer).as_str()) {
        let what = file.error_text("belongs to another issuer and was put in its place");
        bail!(Failure::failed(what).next("Log in again"));
    }
    Ok(Some((entry, opened.is_old)))
}

fn sealed_file(owner: String, environment: &Environment) -> anyhow::Result<SealedFile> {
    let name = format!("{FOLDER}/{owner}.sealed");
    SealedFile::of_user(&KIND, &name, Some(owner), environment)
}

#[cfg(test)]
mod tests;
