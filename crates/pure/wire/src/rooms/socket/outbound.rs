//! The messages of the room service.

use std::borrow::Cow;

use anteroom_protocol::{ApprovalStatement, MemberKey};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use super::{
    group_epoch::GroupEpochBody,
    media::{MediaConfigBody, SlotBody, SourceName, SourcesBody, WantedBody},
    member_text,
};
use crate::{base64url_text, rooms::LinkStateBody};

/// A message to a client.
#[derive(Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "lowercase",
    rename_all_fields = "camelCase"
)]
pub enum ServerMessage<'a> {
    /// The answer to a join.
    Joined(Box<JoinedMessage<'a>>),
    /// The whole roster. It replaces all earlier ones.
    Participants {
        /// The era: 32 hex digits.
        era_id: String,
        /// The devices in the call.
        active: Vec<DeviceBody<'a>>,
        /// The devices in the lobby, as far as the client may see them.
        #[serde(default)]
        pending: Vec<DeviceBody<'a>>,
        /// The number of devices in the lobby.
        pending_count: Option<usize>,
        /// The revision of this roster. Services before revisions send none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        revision: Option<u64>,
    },
    /// The changes of the roster.
    Roster {
        /// The era: 32 hex digits.
        era_id: String,
        /// Devices that are new.
        #[serde(default)]
        joined: Vec<EntryBody<'a>>,
        /// Known devices with a new state.
        #[serde(default)]
        changed: Vec<EntryBody<'a>>,
        /// Devices that are gone.
        #[serde(default)]
        left: Vec<u32>,
        /// The number of devices in the lobby.
        pending_count: usize,
        /// The revision that the changes follow: a client with an older roster has missed other ones.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<u64>,
        /// The revision of the roster with the changes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        revision: Option<u64>,
    },
    /// The device changed from pending to active.
    Admitted {
        /// The present epoch of the group, once one has started.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        present: Option<GroupEpochBody>,
        /// The admin's statement about the device as base64url. Present only if the admin sent one. A
        /// reader takes any other value as none.
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            serialize_with = "base64url_text::serialize",
            deserialize_with = "base64url_text::deserialize_lossy"
        )]
        statement: Option<ApprovalStatement>,
    },
    /// The device's wait is over.
    Denied {
        /// `admin` or `ended`.
        #[serde(default)]
        reason: Cow<'a, str>,
    },
    /// The device's participation is over.
    Removed,
    /// The user is refused for the rest of the era.
    Blocked,
    /// The link has changed.
    #[serde(rename_all = "camelCase")]
    Link {
        /// The new state.
        call_link_state: LinkStateBody,
    },
    /// The lock or the approval of the call has changed, or the rights of the client.
    Moderation {
        /// Whether nobody new comes in.
        locked: bool,
        /// Whether those who come wait for an approval.
        approval: bool,
        /// Whether the client has the rights of an admin.
        is_admin: bool,
    },
    /// A message of another device.
    Relay {
        /// The sender.
        from: u32,
        /// The message as base64.
        body: String,
    },
    /// The group has a commit.
    Commit {
        /// The number of the group.
        group: u32,
        /// The epoch that the commit ends.
        epoch: u64,
        /// The sender.
        from: u32,
        /// The commit as base64.
        body: String,
    },
    /// A commit adds the client's device to the group.
    Welcome {
        /// The number of the group.
        group: u32,
        /// The epoch that the Welcome leads into.
        epoch: u64,
        /// The sender of the commit.
        from: u32,
        /// The Welcome as base64.
        body: String,
    },
    /// To another device a commit does not hold.
    Refuse {
        /// The number of the group.
        group: u32,
        /// The epoch that the commit ended.
        epoch: u64,
        /// The sender.
        from: u32,
    },
    /// The answer to an offer.
    Media {
        /// The number of the connection.
        session: u64,
        /// The answer (SDP).
        answer: Zeroizing<String>,
    },
    /// The states of the client's slots, whole. Empty slots are not named.
    Slots {
        /// The states.
        slots: Vec<SlotBody<'a>>,
    },
    /// The sources and layers that somebody sees or hears: the others need not be sent.
    Send(WantedBody),
    /// The devices that speak, loudest first.
    Speakers {
        /// The devices.
        speakers: Vec<u32>,
    },
    /// An admin has stopped a source of the client, or ended a hold.
    Muted {
        /// The admin's device.
        by: u32,
        /// The source.
        source: SourceName,
        /// `true`: until an admin ends it. `false`: that has ended. None: until the client publishes it anew.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hold: Option<bool>,
    },
    /// Another node has the call.
    Redirect {
        /// The socket of that node.
        url: Cow<'a, str>,
    },
    /// A command or a join was refused, or the device was sent away.
    Error {
        /// The stable code.
        code: Cow<'a, str>,
        /// The text for a person.
        #[serde(default)]
        message: Cow<'a, str>,
        /// `commit` or `refuse`: the request that was refused.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<Cow<'a, str>>,
        /// After a `commit` or a `refuse`: the present epoch of the group.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        present: Option<GroupEpochBody>,
    },
    /// The answer to a ping.
    Pong {
        /// The revision that was announced last: a client with an older roster has missed some of its changes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        roster_revision: Option<u64>,
    },
    /// A message of a later version.
    #[serde(other, skip_serializing)]
    Unknown,
}

/// `joined`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JoinedMessage<'a> {
    /// The client's device.
    pub demux_id: u32,
    /// The era: 32 hex digits.
    pub era_id: String,
    /// Whether the device is in the call or in the lobby.
    pub status: DeviceStatus,
    /// Whether the device may admit, deny, remove and block others.
    pub is_admin: bool,
    /// The secret that restores the seat, once, as base64.
    pub resume: Zeroizing<String>,
    /// The maximum number of devices in the call, and of those in the lobby.
    pub max_devices: u32,
    /// The maximum number of devices of a user, in the call and in the lobby together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_devices_per_user: Option<u32>,
    /// The devices in the call.
    pub participants: Vec<DeviceBody<'a>>,
    /// The devices in the lobby, as far as the client may see them.
    #[serde(default)]
    pub pending: Vec<DeviceBody<'a>>,
    /// The number of devices in the lobby.
    pub pending_count: Option<usize>,
    /// The revision of the roster. Services before revisions send none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roster_revision: Option<u64>,
    /// The state of the link.
    pub call_link_state: LinkStateBody,
    /// The features beyond the base protocol.
    #[serde(default)]
    pub features: Vec<Cow<'a, str>>,
    /// The media that the call has. Absent where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_config: Option<MediaConfigBody<'a>>,
    /// The present epoch of the group, once one has started, for a device in the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub present: Option<GroupEpochBody>,
    /// The number of missed commits that follow at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<usize>,
    /// The newest statement that an admin has given the device for this seat, as in `admitted`.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "base64url_text::serialize",
        deserialize_with = "base64url_text::deserialize_lossy"
    )]
    pub statement: Option<ApprovalStatement>,
    /// Present only while the call is locked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub locked: bool,
    /// Whether those who come wait for an approval. Services without the feature `moderation` send none: the
    /// restrictions of the link tell it there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<bool>,
}

/// The status of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceStatus {
    /// In the call.
    Active,
    /// In the lobby.
    Pending,
}

/// A device of a call.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceBody<'a> {
    /// The number of the device.
    pub demux_id: u32,
    /// Hex in lower case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opaque_user_id: Option<Cow<'a, str>>,
    /// The time at which the hand was raised, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hand_raised_at: Option<u64>,
    /// Present only for devices whose connection is lost.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lost: bool,
    /// Present only for devices that joined as admins.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub admin: bool,
    /// Present only for devices with the rights of an admin that joined without the passkey.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub coadmin: bool,
    /// Present only for devices of guest accounts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub guest: bool,
    /// The hello as base64url. Present only for devices that sent one, and only to members that may
    /// see it. A reader takes any value but a text as none.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text_or_none"
    )]
    pub hello: Option<String>,
    /// The member key as base64url. Present only for devices that named one. A reader takes any value but the
    /// text of a key as none.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "member_text::serialize",
        deserialize_with = "member_text::deserialize_or_none"
    )]
    pub member: Option<MemberKey>,
    /// The sources that the device sends. Present only for devices that send some. A reader takes any other value
    /// as none.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "sources_or_none"
    )]
    pub media: Option<SourcesBody>,
}

/// A device in a list of changes.
#[derive(Debug, Serialize, Deserialize)]
pub struct EntryBody<'a> {
    /// The new status.
    pub status: DeviceStatus,
    /// The device.
    #[serde(flatten)]
    pub device: DeviceBody<'a>,
}

fn text_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => Some(text),
        _ => None,
    })
}

fn sources_or_none<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SourcesBody>, D::Error> {
    let sends = |value: &Value, name| value.get(name).and_then(Value::as_bool).unwrap_or(false);
    let value = Value::deserialize(deserializer)?;
    Ok(value.is_object().then(|| SourcesBody {
        audio: sends(&value, "audio"),
        camera: sends(&value, "camera"),
        screen: sends(&value, "screen"),
        screen_audio: sends(&value, "screenAudio"),
    }))
}

#[cfg(test)]
mod tests;
