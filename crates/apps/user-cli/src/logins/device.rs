//! The device of a user's last login at an issuer, in a sealed file beside the login.
//!
//! It outlives the login, so that the next login uses the same device. The file contains no token.

use anteroom_client::DeviceId;
use anteroom_console::environment;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use crate::sealed_file::{FileFormat, SealedFile};

const KIND: FileFormat = FileFormat {
    format: "anteroom login device 1",
    old: None,
    noun: "device",
    key_name: "logins.key",
    key_variable: environment::LOGINS_KEY_FILE,
};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    email: String,
    device: u32,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.email.zeroize();
    }
}

/// The file of the device, beside that of the login.
pub(super) struct DeviceFile(SealedFile);

impl DeviceFile {
    pub(super) fn beside(login: &SealedFile) -> Self {
        Self(SealedFile {
            path: login.path.with_extension("device"),
            kind: &KIND,
            ..login.clone()
        })
    }

    /// Returns the address and the device of the last login. A file that cannot be read counts as none: the
    /// next login is then a new device.
    pub(super) fn load(&self) -> Option<(Zeroizing<String>, DeviceId)> {
        let entry: Entry = match self.0.read_json() {
            Ok(entry) => entry?,
            Err(error) => {
                tracing::debug!("{error:#}");
                return None;
            }
        };
        let device = DeviceId::new(entry.device)?;
        Some((Zeroizing::new(entry.email.clone()), device))
    }

    pub(super) fn store(&self, email: &str, device: DeviceId) -> anyhow::Result<()> {
        self.0.write_json(&Entry {
            email: email.to_owned(),
            device: device.as_u32(),
        })
    }
}
