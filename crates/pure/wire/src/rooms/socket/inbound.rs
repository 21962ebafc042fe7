//! The messages of clients.

use std::borrow::Cow;

use anteroom_protocol::{ApprovalStatement, Hello, MemberKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use zeroize::Zeroizing;

use super::{group_epoch::GroupEpochBody, member_text};
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
        to: RelayRecipients,
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
    /// Requests the whole roster.
    Participants,
    /// Keeps the connection alive.
    Ping,
}

impl ClientMessage {
    /// Returns whether a text is a `commit` by its type alone, without reading the rest.
    #[must_use]
    pub fn is_commit(text: &str) -> bool {
        #[derive(Deserialize)]
        struct MessageType<'a> {
            #[serde(rename = "type", borrow)]
            name: Cow<'a, str>,
        }
        serde_json::from_str::<MessageType<'_>>(text).is_ok_and(|of| of.name == "commit")
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

/// The recipients of a relay: a demux id, or `all`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RelayRecipients {
    /// One device.
    One(u32),
    /// All active devices but the sender.
    Named(AllDevices),
}

impl RelayRecipients {
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
mod tests {
    use super::*;

    #[test]
    fn every_message_of_a_client_has_one_form() {
        for (text, is_pinned) in [
            (
                r#"{"type":"join","roomId":"ab","epoch":7,"auth":"AA==","adminPasskey":"BQ==","resume":"Bg==","roster":"delta","hello":"-_8","member":"-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s","have":{"group":1,"epoch":7}}"#,
                true,
            ),
            (r#"{"type":"join","roomId":"ab","auth":"AA=="}"#, true),
            (r#"{"type":"leave"}"#, true),
            (r#"{"type":"raise_hand","raised":true}"#, true),
            (r#"{"type":"relay","to":"all","body":"aGk="}"#, true),
            (r#"{"type":"relay","to":32,"body":"aGk="}"#, true),
            (
                r#"{"type":"commit","group":1,"epoch":0,"body":"aGk="}"#,
                true,
            ),
            (
                r#"{"type":"commit","group":1,"epoch":7,"body":"aGk=","welcome":{"to":[16,32],"body":"aGk="}}"#,
                true,
            ),
            (r#"{"type":"refuse","group":1,"epoch":7}"#, true),
            (r#"{"type":"approve","demuxId":16}"#, true),
            (r#"{"type":"approve","demuxId":16,"statement":"-_8"}"#, true),
            (r#"{"type":"deny","demuxId":16}"#, true),
            (r#"{"type":"remove","demuxId":16}"#, true),
            (r#"{"type":"block","demuxId":16}"#, true),
            (r#"{"type":"lower_hand","demuxId":16}"#, true),
            (r#"{"type":"lock","locked":true}"#, true),
            (r#"{"type":"approval","on":false}"#, true),
            (r#"{"type":"coadmin","opaqueUserId":"aa","on":true}"#, true),
            (r#"{"type":"participants"}"#, true),
            (r#"{"type":"ping"}"#, true),
            (r#"{"type":"dance"}"#, false),
            (r#"{"type":"raise_hand","raised":true,"x":1}"#, false),
            (r#"{"type":"lower_hand"}"#, false),
            (r#"{"type":"lock"}"#, false),
            (r#"{"type":"lock","locked":1}"#, false),
            (r#"{"type":"approval","on":true,"x":1}"#, false),
            (r#"{"type":"coadmin","demuxId":16,"on":true}"#, false),
            (r#"{"type":"relay","to":"some","body":""}"#, false),
            (r#"{"type":"approve","demux_id":16}"#, false),
            (r#"{"type":"commit","epoch":0,"body":""}"#, false),
            (r#"{"type":"commit","group":-1,"epoch":0,"body":""}"#, false),
            (
                r#"{"type":"commit","group":1,"epoch":0,"body":"","welcome":{"to":[],"body":"","x":1}}"#,
                false,
            ),
            (
                r#"{"type":"join","roomId":"ab","auth":"AA==","have":{"group":1}}"#,
                false,
            ),
            (r#"{"type":"approve","demuxId":16,"statement":""}"#, false),
            (
                r#"{"type":"approve","demuxId":16,"statement":"+/8"}"#,
                false,
            ),
            (
                r#"{"type":"approve","demuxId":16,"statement":"-_8="}"#,
                false,
            ),
            (r#"{"type":"approve","demuxId":16,"statement":7}"#, false),
            (r#"{"type":"deny","demuxId":16,"statement":"-_8"}"#, false),
        ] {
            let message = serde_json::from_str::<ClientMessage>(text).ok();
            let again = message.map(|message| serde_json::to_string(&message).unwrap());
            assert_eq!(again.as_deref(), is_pinned.then_some(text));
        }
    }

    #[test]
    fn a_join_may_say_more_than_is_known() {
        for (member, updates) in [
            ("", RosterUpdates::Whole),
            (r#","roster":"delta""#, RosterUpdates::Delta),
            (
                r#","roster":"tomorrow","mood":["fine"]"#,
                RosterUpdates::Whole,
            ),
            (r#","roster":7"#, RosterUpdates::Whole),
            (
                r#","roster":null,"hello":null,"member":null"#,
                RosterUpdates::Whole,
            ),
        ] {
            let text = format!(r#"{{"type":"join","roomId":"ab","auth":"AA=="{member}}}"#);
            match serde_json::from_str(&text) {
                Ok(ClientMessage::Join(join)) => assert_eq!(join.roster, updates, "{member}"),
                _ => panic!("{text}"),
            }
        }
    }
}
