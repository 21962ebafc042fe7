//! The devices of the client's own account at the issuer.

use anteroom_client_core::issuer::devices;
use secrecy::SecretString;

use super::IssuerClient;
use crate::{DeviceEntry, DeviceId, IssuerError, RegisteredDevice};

impl IssuerClient {
    /// Returns the devices of the account, by ascending number.
    ///
    /// The names come from other devices, and may contain control sequences of a terminal.
    pub async fn devices(&self) -> Result<Vec<DeviceEntry>, IssuerError> {
        devices::read_list(&self.send(devices::list()).await?)
    }

    /// Registers another device of the account, which authenticates with a password of its own. `login` is
    /// the password of the account's login.
    ///
    /// # Errors
    /// [`IssuerError::PasswordNeeded`] without the password; the request failed, or its answer is malformed.
    pub async fn register_device(
        &self,
        name: &str,
        login: Option<&SecretString>,
    ) -> Result<RegisteredDevice, IssuerError> {
        let answer = self.send(devices::register(name, login)).await;
        devices::read_registered(&answer.map_err(devices::explained)?)
    }

    /// Renames a device of the account; a name has at most 100 characters. `login` is the password of the
    /// account's login. Only a change of another device than this one needs it.
    ///
    /// # Errors
    /// [`IssuerError::PasswordNeeded`] without the password; the request failed or was refused.
    pub async fn rename_device(
        &self,
        device: DeviceId,
        name: &str,
        login: Option<&SecretString>,
    ) -> Result<(), IssuerError> {
        let answer = self.send(devices::rename(device, name, login)).await;
        answer.map(drop).map_err(devices::explained)
    }

    /// Deletes a device of the account: its password, sessions and tokens end immediately. `login` is the
    /// password of the account's login. Only a change of another device than this one needs it.
    ///
    /// # Errors
    /// [`IssuerError::PasswordNeeded`] without the password; the request failed or was refused.
    pub async fn delete_device(
        &self,
        device: DeviceId,
        login: Option<&SecretString>,
    ) -> Result<(), IssuerError> {
        let answer = self.send(devices::delete(device, login)).await;
        answer.map(drop).map_err(devices::explained)
    }
}
