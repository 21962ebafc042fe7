//! The devices of the client's own account at the issuer.
//!
//! Changes need the password of the account's login, unless the login is younger than five minutes: a stolen
//! token or device password is not sufficient. A device may rename and delete itself without the password.

use std::fmt;

use anteroom_protocol::Timestamp;
use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use crate::{DeviceId, IssuerClient, IssuerError, failure::TransportFailure};

/// The problem code for a change that needs the password.
const PASSWORD_NEEDED: &str = "LOGIN_RECENT_REQUIRED";

/// A device of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceEntry {
    /// Its number within the account.
    pub id: DeviceId,
    /// The name that the owner gave it.
    pub name: String,
    /// The time of its registration.
    pub created: Timestamp,
    /// The time of its last request, to a few minutes.
    pub last_seen: Timestamp,
    /// A pseudonym of the address of its last request: equal pseudonyms mean equal addresses.
    pub last_address: Option<String>,
    /// Whether it is still in use.
    pub state: DeviceState,
    /// Whether it is the device that sent this request.
    pub current: bool,
}

/// A newly registered device. `Debug` shows no password.
#[non_exhaustive]
pub struct RegisteredDevice {
    /// Its number within the account.
    pub id: DeviceId,
    /// Its password. The issuer returns it only once.
    pub password: SecretString,
}

/// Whether a device is still in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceState {
    /// It has sent requests recently.
    Active,
    /// It has sent no request for so long that the issuer deletes it within a day.
    Stale,
}

#[derive(Deserialize)]
struct DevicesBody {
    devices: Vec<DeviceBody>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeviceBody {
    id: u32,
    name: String,
    created: u64,
    last_seen: u64,
    last_address: Option<String>,
    state: DeviceState,
    current: bool,
}

#[derive(Serialize)]
struct NameBody<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
}

#[derive(Serialize)]
struct DeleteBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RegisteredBody {
    device_id: u32,
    password: String,
}

impl IssuerClient {
    /// Returns the devices of the account, by ascending number.
    ///
    /// The names come from other devices, and may contain control sequences of a terminal.
    ///
    /// # Errors
    /// The request failed, or its answer is malformed.
    pub async fn devices(&self) -> Result<Vec<DeviceEntry>, IssuerError> {
        let answer = self.call(Method::GET, &["v1", "devices"]).await?;
        let body: DevicesBody = answer.json()?;
        let entries = body.devices.into_iter().map(entry);
        Ok(entries.collect::<Result<_, _>>()?)
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
        let body = NameBody {
            name,
            password: login.map(SecretString::expose_secret),
        };
        let answer = self.call_with(Method::POST, &["v1", "devices"], &body);
        let body: RegisteredBody = answer.await.map_err(explained)?.json()?;
        Ok(RegisteredDevice {
            id: DeviceId::new(body.device_id)
                .ok_or(IssuerError::Malformed("a device has the number 0"))?,
            password: body.password.into(),
        })
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
        let body = NameBody {
            name,
            password: login.map(SecretString::expose_secret),
        };
        let number = device.to_string();
        let path = ["v1", "devices", &number];
        let answer = self.call_with(Method::PATCH, &path, &body);
        answer.await.map(drop).map_err(explained)
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
        let body = DeleteBody {
            password: login.map(SecretString::expose_secret),
        };
        let number = device.to_string();
        let path = ["v1", "devices", &number];
        let answer = self.call_with(Method::DELETE, &path, &body);
        answer.await.map(drop).map_err(explained)
    }
}

/// Converts the refusal that the password resolves to [`IssuerError::PasswordNeeded`].
fn explained(error: IssuerError) -> IssuerError {
    match error {
        IssuerError::Problem(problem) if problem.code == PASSWORD_NEEDED => {
            IssuerError::PasswordNeeded
        }
        error => error,
    }
}

impl fmt::Debug for RegisteredDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegisteredDevice")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

fn entry(body: DeviceBody) -> Result<DeviceEntry, TransportFailure> {
    Ok(DeviceEntry {
        id: DeviceId::new(body.id)
            .ok_or(TransportFailure::Malformed("a device has the number 0"))?,
        name: body.name,
        created: Timestamp::from_secs(body.created),
        last_seen: Timestamp::from_secs(body.last_seen),
        last_address: body.last_address,
        state: body.state,
        current: body.current,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_entry_is_read_with_all_its_members_and_a_state_that_is_known() {
        let body = |id: u32, state: &str| {
            json!({ "id": id, "name": "Phone", "created": 1, "lastSeen": 2,
                    "lastAddress": "abc", "state": state, "current": true, "more": 1 })
        };
        for (state, expected) in [
            ("active", DeviceState::Active),
            ("stale", DeviceState::Stale),
        ] {
            let read = entry(serde_json::from_value(body(7, state)).unwrap()).unwrap();
            let expected = DeviceEntry {
                id: DeviceId::new(7).unwrap(),
                name: "Phone".to_owned(),
                created: Timestamp::from_secs(1),
                last_seen: Timestamp::from_secs(2),
                last_address: Some("abc".to_owned()),
                state: expected,
                current: true,
            };
            assert_eq!(read, expected);
        }
        assert!(serde_json::from_value::<DeviceBody>(body(7, "deleted")).is_err());
        assert!(entry(serde_json::from_value(body(0, "active")).unwrap()).is_err());
    }
}
