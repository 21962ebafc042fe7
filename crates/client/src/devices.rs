//! The devices of an account, as the issuer lists them.

use anteroom_protocol::Timestamp;
use reqwest::Method;
use serde::Deserialize;

use crate::{ClientError, DeviceId, IssuerClient, failure::Failure};

/// A device of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceEntry {
    /// Its number within the account.
    pub id: DeviceId,
    /// The owner's name for it.
    pub name: String,
    /// When it was registered.
    pub created: Timestamp,
    /// When it was last seen, to a few minutes.
    pub last_seen: Timestamp,
    /// A pseudonym of the address it was last seen from: the same for the same address.
    pub last_address: Option<String>,
    /// Whether it is still in use.
    pub state: DeviceState,
    /// Whether it is the device that asks.
    pub current: bool,
}

/// Whether a device is still in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceState {
    /// It was seen lately.
    Active,
    /// It was not seen for so long that the issuer deletes it within a day.
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

impl IssuerClient {
    /// The devices of the account, by ascending number.
    ///
    /// The names are texts of other devices, and may hold what drives a terminal.
    ///
    /// # Errors
    /// The request failed or its answer makes no sense.
    pub async fn devices(&self) -> Result<Vec<DeviceEntry>, ClientError> {
        let answer = self.call(Method::GET, &["v1", "devices"]).await?;
        let body: DevicesBody = answer.json()?;
        let entries = body.devices.into_iter().map(entry);
        Ok(entries.collect::<Result<_, _>>()?)
    }
}

fn entry(body: DeviceBody) -> Result<DeviceEntry, Failure> {
    Ok(DeviceEntry {
        id: DeviceId::new(body.id).ok_or(Failure::Malformed("a device has the number 0"))?,
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
