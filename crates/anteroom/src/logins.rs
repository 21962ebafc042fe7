//! The login of a user at an issuer, in a sealed file.
//!
//! One file for each issuer, in `logins` in the user's configuration directory, named by a hash of the
//! issuer's address. Commands that run at the same time share a login: whoever renews it locks the file
//! and starts with what stands in it.

use std::{
    fs::{self, File},
    path::PathBuf,
};

use anteroom_client::{
    DeviceId, LockedSession, SessionStore, SessionStoreError, SessionTokens, SignedIn,
};
use anteroom_protocol::{Aci, DAY, Timestamp};
use anteroom_service::Clock as _;
use anyhow::Context as _;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize as _, Zeroizing};

use crate::{
    environment::{self, Environment},
    os::OsClock,
    sealed_file::{Kind, SealedFile},
    session::user_directory,
};

const KIND: Kind = Kind {
    format: b"anteroom login 1\n",
    noun: "login",
    key_variable: environment::LOGINS_KEY_FILE,
};
/// Bytes of the hash that name a file.
const NAME_LENGTH: usize = 16;
/// An access token that ends so soon, in seconds, is renewed first.
const ALMOST_OVER: u64 = 60;

/// Where the login at an issuer is kept.
#[derive(Clone, Debug)]
pub(crate) struct LoginFile {
    file: SealedFile,
    /// The address that the issuer is known by.
    issuer: String,
    /// How long a new login goes on; a renewed one as long as before.
    remember: Option<bool>,
}

/// A login that is kept.
pub(crate) struct Kept {
    pub(crate) session: SignedIn,
    /// When it ends unless it is renewed before.
    pub(crate) until: Timestamp,
}

/// Holds secrets: there is no `Debug`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    issuer: String,
    account: String,
    device: u32,
    email: String,
    remember: bool,
    renewed: u64,
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
    /// The file for an issuer.
    pub(crate) fn of_user(environment: &Environment, issuer: &str) -> anyhow::Result<Self> {
        let name: String = Sha256::digest(issuer.as_bytes())
            .iter()
            .take(NAME_LENGTH)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Ok(Self {
            file: SealedFile {
                path: folder()?.join(name).with_added_extension("sealed"),
                key_path: key_path(environment)?,
                kind: &KIND,
            },
            issuer: issuer.to_owned(),
            remember: None,
        })
    }

    /// The addresses of all issuers at which there is a login.
    pub(crate) fn issuers(environment: &Environment) -> anyhow::Result<Vec<String>> {
        let Ok(entries) = fs::read_dir(folder()?) else {
            return Ok(Vec::new());
        };
        let mut issuers = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_none_or(|end| end != "sealed") {
                continue;
            }
            let file = SealedFile {
                path,
                key_path: key_path(environment)?,
                kind: &KIND,
            };
            let entry = read(&file)?;
            issuers.extend(entry.map(|entry| entry.issuer.clone()));
        }
        Ok(issuers)
    }

    /// The same file, for a new login.
    pub(crate) fn for_new(mut self, remember: bool) -> Self {
        self.remember = Some(remember);
        self
    }

    /// The login as it stands in the file.
    pub(crate) fn load(&self) -> anyhow::Result<Option<Kept>> {
        let Some(entry) = read(&self.file)? else {
            return Ok(None);
        };
        let kept = entry.parse(OsClock.now());
        Ok(Some(kept.ok_or_else(|| self.file.damaged())?))
    }

    /// Removes what cannot be read any more.
    pub(crate) fn remove(&self) -> anyhow::Result<()> {
        let _lock = self.file.lock()?;
        self.file.remove()
    }

    fn store(&self, session: &SignedIn) -> anyhow::Result<()> {
        let remember = match self.remember {
            Some(remember) => remember,
            None => read(&self.file)?.is_some_and(|entry| entry.remember),
        };
        let now = OsClock.now();
        let tokens = &session.tokens;
        let access = tokens.access.as_ref().map(ExposeSecret::expose_secret);
        let entry = Entry {
            issuer: self.issuer.clone(),
            account: session.aci.to_uuid_string(),
            device: session.device.number(),
            email: session.email.to_string(),
            remember,
            renewed: now.as_secs(),
            access: access.unwrap_or_default().to_owned(),
            access_expires: now.plus(tokens.access_lifetime.as_secs()).as_secs(),
            refresh: tokens.refresh.expose_secret().to_owned(),
        };
        let text = Zeroizing::new(serde_json::to_vec(&entry)?);
        self.file.write(&text)
    }
}

impl Entry {
    fn parse(&self, now: Timestamp) -> Option<Kept> {
        let renewed = Timestamp::from_secs(self.renewed);
        let is_good = now.plus(ALMOST_OVER).as_secs() < self.access_expires;
        let access =
            (is_good && !self.access.is_empty()).then(|| SecretString::from(self.access.as_str()));
        let lifetime = self.access_expires.saturating_sub(self.renewed);
        Some(Kept {
            session: SignedIn {
                aci: Aci::parse(&self.account).ok()?,
                device: DeviceId::new(self.device)?,
                email: Zeroizing::new(self.email.clone()),
                tokens: SessionTokens {
                    access,
                    access_lifetime: std::time::Duration::from_secs(lifetime),
                    refresh: SecretString::from(self.refresh.as_str()),
                },
            },
            until: renewed.plus(if self.remember { 30 * DAY } else { 7 * DAY }),
        })
    }
}

/// Let go with the open file.
struct Locked {
    login: LoginFile,
    _lock: File,
}

impl SessionStore for LoginFile {
    fn lock(&self) -> Result<Box<dyn LockedSession>, SessionStoreError> {
        Ok(Box::new(Locked {
            _lock: self.file.lock().map_err(|error| failed(&error))?,
            login: self.clone(),
        }))
    }
}

impl LockedSession for Locked {
    fn load(&mut self) -> Result<Option<SignedIn>, SessionStoreError> {
        match self.login.load() {
            Ok(kept) => Ok(kept.map(|kept| kept.session)),
            // A new login takes the place of what cannot be read.
            Err(error) if self.login.remember.is_some() => {
                tracing::warn!("{error:#}: it is replaced");
                self.login.file.remove().map_err(|error| failed(&error))?;
                Ok(None)
            }
            Err(error) => Err(failed(&error)),
        }
    }

    fn replace(&mut self, session: &SignedIn) -> Result<(), SessionStoreError> {
        self.login.store(session).map_err(|error| failed(&error))
    }

    fn remove(&mut self) -> Result<(), SessionStoreError> {
        self.login.file.remove().map_err(|error| failed(&error))
    }
}

fn failed(error: &anyhow::Error) -> SessionStoreError {
    SessionStoreError::new(format!("{error:#}"))
}

fn read(file: &SealedFile) -> anyhow::Result<Option<Entry>> {
    match file.read()? {
        Some(text) => serde_json::from_slice(&text)
            .map(Some)
            .map_err(|_| file.damaged()),
        None => Ok(None),
    }
}

fn folder() -> anyhow::Result<PathBuf> {
    Ok(user_directory()?.join("logins"))
}

fn key_path(environment: &Environment) -> anyhow::Result<PathBuf> {
    match environment.text(environment::LOGINS_KEY_FILE)? {
        Some(path) => Ok(PathBuf::from(path.as_str())),
        None => Ok(user_directory()
            .context("there is no place for a login")?
            .join("logins.key")),
    }
}

#[cfg(test)]
mod tests {
    use std::{os::unix::fs::PermissionsExt as _, time::Duration};

    use tempfile::TempDir;

    use super::*;

    fn login() -> (TempDir, LoginFile) {
        let dir = TempDir::new().unwrap();
        let file = SealedFile {
            path: dir.path().join("logins/one.sealed"),
            key_path: dir.path().join("logins.key"),
            kind: &KIND,
        };
        let login = LoginFile {
            file,
            issuer: "https://id.example".to_owned(),
            remember: None,
        };
        (dir, login)
    }

    fn session(lifetime: u64) -> SignedIn {
        SignedIn {
            aci: Aci::parse("8f8d2c1e-6b0a-4a55-9a3c-0d6d0a5f3b11").unwrap(),
            device: DeviceId::new(2).unwrap(),
            email: Zeroizing::new("ann@example.org".to_owned()),
            tokens: SessionTokens {
                access: Some(SecretString::from("the access token")),
                access_lifetime: Duration::from_secs(lifetime),
                refresh: SecretString::from("the refresh token"),
            },
        }
    }

    #[test]
    fn a_login_is_kept_renewed_and_removed() {
        let (_dir, login) = login();
        assert!(login.load().unwrap().is_none());
        let new = login.clone().for_new(true);
        new.lock().unwrap().replace(&session(900)).unwrap();
        let first = login.load().unwrap().unwrap();
        assert!(first.session.tokens.access.is_some());
        // An access token that is over is none; the login goes on as long as before.
        login.lock().unwrap().replace(&session(30)).unwrap();
        let second = login.load().unwrap().unwrap();
        assert!(second.session.tokens.access.is_none());
        assert!(second.until >= first.until);
        assert_eq!(second.session.device.number(), 2);
        login.lock().unwrap().remove().unwrap();
        assert!(login.load().unwrap().is_none());
    }

    #[test]
    fn the_file_shows_nothing_and_is_the_users_alone() {
        let (_dir, login) = login();
        login.lock().unwrap().replace(&session(900)).unwrap();
        let bytes = fs::read(&login.file.path).unwrap();
        for secret in ["ann@example.org", "the access token", "the refresh token"] {
            let found = bytes
                .windows(secret.len())
                .any(|part| part == secret.as_bytes());
            assert!(!found, "{secret}");
        }
        for path in [&login.file.path, &login.file.key_path] {
            let mode = fs::metadata(path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", path.display());
        }
    }

    #[test]
    fn a_damaged_file_is_no_login_and_only_a_new_login_replaces_it() {
        let (_dir, login) = login();
        login.lock().unwrap().replace(&session(900)).unwrap();
        let mut bytes = fs::read(&login.file.path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&login.file.path, bytes).unwrap();
        assert!(login.load().is_err());
        assert!(login.lock().unwrap().load().is_err());
        let mut new = login.clone().for_new(false).lock().unwrap();
        assert!(new.load().unwrap().is_none());
        new.replace(&session(900)).unwrap();
        assert!(login.load().unwrap().is_some());
    }
}
