//! The messages of clients.

use std::borrow::Cow;

use anteroom_protocol::{ApprovalStatement, Hello, MemberKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use zeroize::Zeroizing;

use super::{
    group_epoch::GroupEpochBody,
    media::{SlotWishBody, SourceName, SourcesBody},
    member_text,
};
use crate::{Base64, base64url_text};

/// A message of a client. Every type but `join` has no other members than these.
#[derive(Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum ClientMessage {
    /// Joins the call of a room: the first message.
    Join(Box<JoinMessage>),
    /// Leaves the call.
    Leave,
    /// Raises or lowers the hand.
    RaiseHand {
        /// Whether the hand is raised.
        raised: bool,
    },
    /// Sends a message to other devices.
    Relay {
        /// The recipients.
        to: Recipients,
        /// The message as base64.
        body: String,
    },
    /// Commits a change of the group.
    Commit {
        /// The number of the group.
        group: u32,
        /// The epoch that the commit ends; 0 with the next number starts the next group.
        epoch: u64,
        /// The commit as base64.
        body: String,
        /// The Welcome for the devices that the commit adds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        welcome: Option<WelcomeBody>,
    },
    /// Tells all devices that a commit does not hold.
    Refuse {
        /// The number of the group.
        group: u32,
        /// The epoch that the commit ended.
        epoch: u64,
    },
    /// Admits a pending device.
    Approve {
        /// The device.
        demux_id: u32,
        /// The admin's statement about the device: base64url without padding.
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            with = "base64url_text"
        )]
        statement: Option<ApprovalStatement>,
    },
    /// Denies a pending device.
    Deny {
        /// The device.
        demux_id: u32,
    },
    /// Removes an active device.
    Remove {
        /// The device.
        demux_id: u32,
    },
    /// Blocks the user of a device.
    Block {
        /// The device.
        demux_id: u32,
    },
    /// Lowers the hand of an active device.
    LowerHand {
        /// The device.
        demux_id: u32,
    },
    /// Locks or unlocks the call.
    Lock {
        /// Whether nobody new comes in.
        locked: bool,
    },
    /// Asks for approval in the running call, or stops to.
    Approval {
        /// Whether those who come from now on wait.
        on: bool,
    },
    /// Makes a user a co-admin, or takes that back.
    Coadmin {
        /// The user, as in the roster: hex in lower case.
        opaque_user_id: String,
        /// Whether the user is a co-admin from now on.
        on: bool,
    },
    /// Offers a connection for media.
    Media {
        /// The number of the connection: a new one replaces the connection before.
        session: u64,
        /// The offer (SDP).
        offer: String,
    },
    /// Says what to show where.
    View {
        /// The wishes, one for a slot. A slot that is not named is empty.
        slots: Vec<SlotWishBody>,
        /// The devices that take no audio slot.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        audio_without: Vec<u32>,
    },
    /// Says what the device sends.
    Publish(SourcesBody),
    /// Stops what others send, or ends that.
    Mute {
        /// A device, or all but one's own.
        demux_id: Recipients,
        /// The devices that are left out of all.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        but: Vec<u32>,
        /// The source.
        #[serde(default, skip_serializing_if = "SourceName::is_audio")]
        source: SourceName,
        /// `true`: until an admin ends it. `false`: ends it. None: until the device publishes the source anew.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hold: Option<bool>,
    },
    /// Requests the whole roster.
    Participants,
    /// Keeps the connection alive.
    Ping,
}

impl ClientMessage {
    /// Returns whether a text is of one of these types, without reading the rest.
    #[must_use]
    pub fn is_of_type(text: &str, types: &[&str]) -> bool {
        #[derive(Deserialize)]
        struct MessageType<'a> {
            #[serde(rename = "type", borrow)]
            name: Cow<'a, str>,
        }
        serde_json::from_str::<MessageType<'_>>(text)
            .is_ok_and(|of| types.contains(&of.name.as_ref()))
    }
}

/// `join`. Unknown members are ignored, because a newer client may send more.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JoinMessage {
    /// The room of a call link.
    pub room_id: String,
    /// The link's epoch, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u32>,
    /// An auth presentation as base64.
    pub auth: Zeroizing<String>,
    /// The passkey of the link's admins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin_passkey: Option<Base64>,
    /// The `resume` token of an earlier `joined`. Any text: one that is no token makes an ordinary
    /// join.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resume: Option<Zeroizing<String>>,
    /// The form in which the client receives changes of the roster.
    #[serde(default, skip_serializing_if = "RosterUpdates::is_whole")]
    pub roster: RosterUpdates,
    /// The client's hello to the members of the room: base64url without padding (RFC 4648, section
    /// 5).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "base64url_text"
    )]
    pub hello: Option<Hello>,
    /// The member key of the device, for which the presentation is made: base64url without padding.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "member_text")]
    pub member: Option<MemberKey>,
    /// The epoch of the group that the client is in, beside `resume`: it receives the commits since then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub have: Option<GroupEpochBody>,
}

/// The Welcome of a commit. It has no other members than these.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WelcomeBody {
    /// The devices that the commit adds.
    pub to: Vec<u32>,
    /// The Welcome as base64.
    pub body: String,
}

/// The form of roster changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RosterUpdates {
    /// Whole rosters: any value but `delta`, and none.
    #[default]
    Whole,
    /// `delta`: changes.
    Delta,
}

impl RosterUpdates {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the library asks so")]
    fn is_whole(&self) -> bool {
        *self == Self::Whole
    }
}

impl Serialize for RosterUpdates {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Whole => "whole",
            Self::Delta => "delta",
        })
    }
}

impl<'de> Deserialize<'de> for RosterUpdates {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Ok(match value.as_str() {
            Some("delta") => Self::Delta,
            _ => Self::Whole,
        })
    }
}

/// Devices: a demux id, or `all`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Recipients {
    /// One device.
    One(u32),
    /// All active devices but the sender.
    Named(AllDevices),
}

impl Recipients {
    /// All active devices but the sender.
    pub const ALL: Self = Self::Named(AllDevices::All);
}

/// The word for all active devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AllDevices {
    /// `all`.
    All,
}

#[cfg(test)]
mod tests;
