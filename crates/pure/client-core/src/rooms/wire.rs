//! The JSON of the room service's API.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::error::RoomsError;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LinkBody<'a> {
    pub(crate) admin_passkey: &'a str,
    #[serde(rename = "zkparams", skip_serializing_if = "Option::is_none")]
    pub(crate) zkparams: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) restrictions: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) revoked: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) end_call: Option<bool>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct StateBody {
    pub(crate) restrictions: String,
    #[serde(default)]
    pub(crate) name: String,
    pub(crate) revoked: bool,
    pub(crate) expiration: u64,
    pub(crate) delete_at: u64,
    pub(crate) epoch: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PeekBody {
    pub(crate) conference_id: String,
    pub(crate) max_devices: u32,
    pub(crate) participants: Vec<DeviceBody>,
    pub(crate) participant_count: Option<usize>,
    #[serde(default)]
    pub(crate) pending_clients: Vec<DeviceBody>,
    pub(crate) pending_count: Option<usize>,
    pub(crate) call_link_state: Option<StateBody>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeviceBody {
    pub(crate) demux_id: u32,
    pub(crate) opaque_user_id: Option<String>,
    pub(crate) hand_raised_at: Option<u64>,
    #[serde(default)]
    pub(crate) lost: bool,
    #[serde(default)]
    pub(crate) admin: bool,
    /// Any JSON value: a hello that does not open is ignored.
    pub(crate) hello: Option<serde_json::Value>,
}

/// A device in a list of changes.
#[derive(Debug, Deserialize)]
pub(crate) struct EntryBody {
    pub(crate) status: String,
    #[serde(flatten)]
    pub(crate) device: DeviceBody,
}

#[derive(Deserialize)]
pub(crate) struct ReasonBody {
    pub(crate) reason: String,
}

/// A message from the client to the room service.
#[derive(Serialize)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub(crate) enum ToRoom<'a> {
    Join {
        room_id: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        epoch: Option<u32>,
        auth: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        admin_passkey: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        resume: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        roster: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        hello: Option<&'a str>,
    },
    Leave,
    RaiseHand {
        raised: bool,
    },
    Relay {
        to: Target,
        body: String,
    },
    Approve {
        demux_id: u32,
    },
    Deny {
        demux_id: u32,
    },
    Remove {
        demux_id: u32,
    },
    Block {
        demux_id: u32,
    },
    Ping,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Target {
    One(u32),
    All(&'static str),
}

/// A message from the room service to the client.
#[derive(Debug, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub(crate) enum FromRoom {
    Joined(Box<JoinedBody>),
    Participants {
        era_id: String,
        active: Vec<DeviceBody>,
        #[serde(default)]
        pending: Vec<DeviceBody>,
        pending_count: Option<usize>,
    },
    Roster {
        era_id: String,
        #[serde(default)]
        joined: Vec<EntryBody>,
        #[serde(default)]
        changed: Vec<EntryBody>,
        #[serde(default)]
        left: Vec<u32>,
        pending_count: usize,
    },
    Admitted,
    Denied {
        #[serde(default)]
        reason: String,
    },
    Removed,
    Blocked,
    Link {
        call_link_state: StateBody,
    },
    Relay {
        from: u32,
        body: String,
    },
    Redirect {
        url: String,
    },
    Error {
        code: String,
        #[serde(default)]
        message: String,
    },
    Pong,
    /// A message of a later version.
    #[serde(other)]
    Unknown,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JoinedBody {
    pub(crate) demux_id: u32,
    pub(crate) era_id: String,
    pub(crate) status: String,
    pub(crate) is_admin: bool,
    pub(crate) resume: String,
    pub(crate) max_devices: u32,
    pub(crate) participants: Vec<DeviceBody>,
    #[serde(default)]
    pub(crate) pending: Vec<DeviceBody>,
    pub(crate) pending_count: Option<usize>,
    pub(crate) call_link_state: StateBody,
    #[serde(default)]
    pub(crate) features: Vec<String>,
}

impl std::fmt::Debug for JoinedBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JoinedBody(..)")
    }
}

impl FromRoom {
    /// Parses a message.
    pub(crate) fn parse(text: &str) -> Result<Self, RoomsError> {
        // The parser's own error could quote the text.
        serde_json::from_str(text).map_err(|_| RoomsError::Malformed("a message has another shape"))
    }
}

/// Writes a message.
pub(crate) fn to_text<T: Serialize>(value: &T) -> Result<Zeroizing<String>, RoomsError> {
    serde_json::to_string(value)
        .map(Zeroizing::new)
        .map_err(|_| RoomsError::Malformed("a message cannot be written as JSON"))
}
