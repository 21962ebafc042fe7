//! The devices of the client's own account at the issuer.
//!
//! Changes need the password of the account's login, unless the login is younger than five minutes: a stolen
//! token or device password is not sufficient. A device may rename and delete itself without the password.

use std::fmt;

use anteroom_protocol::Timestamp;
use anteroom_wire::{
    Secret,
    issuer::{
        DeleteRequest, DeviceResponse, DeviceStatus, DevicesResponse, RegisterRequest,
        RegisterResponse, RenameRequest,
    },
};
use http::Method;
use secrecy::{ExposeSecret as _, SecretString};

use crate::{Answer, DeviceId, IssuerError, Request, TransportFailure};

/// The problem code for a change that needs the password.
const PASSWORD_NEEDED: &str = "LOGIN_RECENT_REQUIRED";
const DEVICES: &[&str] = &["v1", "devices"];
const NUMBER_ZERO: TransportFailure = TransportFailure::Malformed("a device has the number 0");

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceState {
    /// It has sent requests recently.
    Active,
    /// It has sent no request for so long that the issuer deletes it within a day.
    Stale,
}

/// Returns the request for the list of devices.
#[must_use]
pub fn list() -> Request {
    Request::new(Method::GET, DEVICES)
}

/// Reads the devices of the account, by ascending number. The names come from other devices, and may contain
/// control sequences of a terminal.
pub fn read_list(answer: &Answer) -> Result<Vec<DeviceEntry>, IssuerError> {
    let body: DevicesResponse = answer.json()?;
    let entries = body.devices.into_iter().map(entry);
    Ok(entries.collect::<Result<_, _>>()?)
}

/// Returns the request to register another device. `login` is the password of the account's login.
#[must_use]
pub fn register(name: &str, login: Option<&SecretString>) -> Request {
    Request::new(Method::POST, DEVICES).with_json(&RegisterRequest {
        name: name.into(),
        password: password(login),
    })
}

/// Reads the registered device.
pub fn read_registered(answer: &Answer) -> Result<RegisteredDevice, IssuerError> {
    let body: RegisterResponse = answer.json()?;
    Ok(RegisteredDevice {
        id: DeviceId::new(body.device_id).ok_or(NUMBER_ZERO)?,
        password: body.password.as_str().into(),
    })
}

/// Returns the request to rename a device; a name has at most 100 characters.
#[must_use]
pub fn rename(device: DeviceId, name: &str, login: Option<&SecretString>) -> Request {
    of_device(Method::PATCH, device).with_json(&RenameRequest {
        name: name.into(),
        password: password(login),
    })
}

/// Returns the request to delete a device.
#[must_use]
pub fn delete(device: DeviceId, login: Option<&SecretString>) -> Request {
    let password = password(login);
    of_device(Method::DELETE, device).with_json(&DeleteRequest { password })
}

fn of_device(method: Method, device: DeviceId) -> Request {
    Request::new(method, &["v1", "devices", &device.to_string()])
}

fn password(login: Option<&SecretString>) -> Option<Secret> {
    login.map(|login| login.expose_secret().into())
}

/// Converts the refusal that the password resolves to [`IssuerError::PasswordNeeded`].
#[must_use]
pub fn explained(error: IssuerError) -> IssuerError {
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

fn entry(body: DeviceResponse) -> Result<DeviceEntry, TransportFailure> {
    Ok(DeviceEntry {
        id: DeviceId::new(body.id).ok_or(NUMBER_ZERO)?,
        name: body.name.as_str().to_owned(),
        created: Timestamp::from_secs(body.created),
        last_seen: Timestamp::from_secs(body.last_seen),
        last_address: body.last_address,
        state: match body.state {
            DeviceStatus::Active => DeviceState::Active,
            DeviceStatus::Stale => DeviceState::Stale,
        },
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
        assert!(serde_json::from_value::<DeviceResponse>(body(7, "deleted")).is_err());
        assert!(entry(serde_json::from_value(body(0, "active")).unwrap()).is_err());
    }
}
