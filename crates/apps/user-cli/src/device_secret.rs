//! The secret of an account's device on this machine, in a sealed file: its member keys of all rooms come from
//! it, and the approvals that admins sign name them.
//!
//! No two devices of a call have one member key. So the secret is for one call at a time: another one that
//! runs at the same time gets a secret of its own, which is not stored.

use std::fs::File;

use anteroom_client::DeviceSecret;
use anteroom_console::{
    environment::{self, Environment},
    os,
};

use crate::sealed_file::{FileFormat, SealedFile};

const KIND: FileFormat = FileFormat {
    format: "anteroom device 1",
    old: None,
    noun: "device's secret",
    key_name: "links.key",
    key_variable: environment::LINKS_KEY_FILE,
};

/// The secret of a device for one call.
pub(crate) struct CallDevice {
    pub(crate) secret: DeviceSecret,
    /// Keeps the stored secret from other calls.
    lock: Option<File>,
}

impl CallDevice {
    /// Returns the stored secret of an account's device. Where it cannot be had, that is reported, and the
    /// secret is for this call alone.
    pub(crate) fn of_owner(owner: &str, environment: &Environment) -> Self {
        let file = Self::file(owner, environment);
        match file.and_then(|file| Self::stored(&file)) {
            Ok(Some(device)) => device,
            Ok(None) => {
                tracing::warn!(
                    "another program on this machine is in a call with the key of this device: this one has a key \
                     of its own, so that it counts as another device, which an admin lets in anew if the link asks for \
                     approval, and approvals for it are lost after the call"
                );
                Self::for_one_call()
            }
            Err(error) => {
                tracing::warn!(
                    "{error:#}: approvals that admins sign in this call are lost after it"
                );
                Self::for_one_call()
            }
        }
    }

    /// Removes the stored secret of an account's device, which must not outlive its login.
    pub(crate) fn remove(owner: &str, environment: &Environment) -> anyhow::Result<()> {
        Self::file(owner, environment)?.remove()
    }

    /// Returns whether the secret is that of later calls too.
    pub(crate) const fn is_stored(&self) -> bool {
        self.lock.is_some()
    }

    /// Returns a secret that is for one call alone.
    pub(crate) fn for_one_call() -> Self {
        Self {
            secret: DeviceSecret::random(&mut os::rng()),
            lock: None,
        }
    }

    fn file(owner: &str, environment: &Environment) -> anyhow::Result<SealedFile> {
        let name = format!("devices/{owner}.sealed");
        SealedFile::of_user(&KIND, &name, Some(owner.to_owned()), environment)
    }

    /// Returns the stored secret, or stores a new one; `None` while another call has it.
    fn stored(file: &SealedFile) -> anyhow::Result<Option<Self>> {
        let Some(lock) = file.try_lock()? else {
            return Ok(None);
        };
        let secret = match file.read()? {
            Some(content) => {
                let bytes = content.text.as_slice().try_into();
                DeviceSecret::from_bytes(bytes.map_err(|_| file.damaged())?)
            }
            None => {
                let secret = DeviceSecret::random(&mut os::rng());
                file.write(secret.as_bytes())?;
                secret
            }
        };
        Ok(Some(Self {
            secret,
            lock: Some(lock),
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_secret_is_made_once_is_for_one_call_and_a_damaged_one_is_never_replaced() {
        let directory = TempDir::new().unwrap();
        let file = SealedFile {
            path: directory.path().join("devices/one.sealed"),
            key_path: directory.path().join("links.key"),
            kind: &KIND,
            owner: Some("one".to_owned()),
        };
        let made = CallDevice::stored(&file).unwrap().unwrap();
        assert!(CallDevice::stored(&file).unwrap().is_none());
        let secret = made.secret.clone();
        drop(made);
        let found = CallDevice::stored(&file).unwrap().unwrap();
        assert_eq!(found.secret.as_bytes(), secret.as_bytes());
        drop(found);
        let mut bytes = fs::read(&file.path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&file.path, &bytes).unwrap();
        assert!(CallDevice::stored(&file).is_err());
        assert_eq!(fs::read(&file.path).unwrap(), bytes);
    }
}
