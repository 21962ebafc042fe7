//! Messages to clients, as JSON.

use anteroom_call::{JoinAnswer, Message, Participant, RosterChanges, RosterEntry, Status};
use anteroom_protocol::{DemuxId, LinkState};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde::Serialize;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::{domain::calls::send_queue::QueueKind, wire::LinkStateBody};

/// The features of this service beyond the base protocol. A client sends only messages that are
/// listed here; `join` alone may have members that a service does not know.
const FEATURES: &[&str] = &["roster_delta", "end_call", "hello"];

/// An outgoing message.
#[derive(Clone, Debug)]
pub(crate) struct OutboundMessage {
    pub(crate) text: Utf8Bytes,
    pub(crate) kind: QueueKind,
}

impl OutboundMessage {
    /// Creates a message of the call.
    pub(crate) fn of_call(message: &Message) -> Self {
        let kind = match message {
            Message::Participants { .. } => QueueKind::Roster,
            Message::Roster { .. } => QueueKind::RosterChanges,
            Message::Link(_) => QueueKind::Link,
            Message::Relay { .. } => QueueKind::Relay,
            Message::Pong => QueueKind::Pong,
            Message::Joined(_)
            | Message::Admitted
            | Message::Denied { .. }
            | Message::Removed
            | Message::Blocked
            | Message::Error(_) => QueueKind::Answer,
        };
        Self {
            text: json(&body_of(message)),
            kind,
        }
    }

    /// Creates an error message.
    pub(crate) fn error(code: &'static str, message: &'static str) -> Self {
        Self::answer(&Body::Error { code, message })
    }

    /// Creates the notice that a relay was dropped for this client.
    pub(crate) fn relay_dropped() -> Self {
        Self::error(
            "relay_dropped",
            "Messages of others were dropped, because you read too slowly.",
        )
    }

    /// Creates the redirect to the node that has the call.
    pub(crate) fn redirect(url: &str) -> Self {
        Self::answer(&Body::Redirect { url })
    }

    fn answer(body: &Body<'_>) -> Self {
        Self {
            text: json(body),
            kind: QueueKind::Answer,
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Body<'a> {
    #[serde(rename_all = "camelCase")]
    Joined {
        demux_id: u32,
        era_id: String,
        status: &'static str,
        is_admin: bool,
        resume: String,
        max_devices: u32,
        participants: Vec<Device<'a>>,
        pending: Vec<Device<'a>>,
        pending_count: usize,
        call_link_state: LinkStateBody,
        features: &'static [&'static str],
    },
    #[serde(rename_all = "camelCase")]
    Participants {
        era_id: String,
        active: Vec<Device<'a>>,
        pending: Vec<Device<'a>>,
        pending_count: usize,
    },
    #[serde(rename_all = "camelCase")]
    Roster {
        era_id: String,
        joined: Vec<Entry<'a>>,
        changed: Vec<Entry<'a>>,
        left: Vec<u32>,
        pending_count: usize,
    },
    Admitted,
    Denied {
        reason: &'static str,
    },
    Removed,
    Blocked,
    #[serde(rename_all = "camelCase")]
    Link {
        call_link_state: LinkStateBody,
    },
    Relay {
        from: u32,
        body: String,
    },
    Redirect {
        url: &'a str,
    },
    Error {
        code: &'static str,
        message: &'static str,
    },
    Pong,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Device<'a> {
    demux_id: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    opaque_user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hand_raised_at: Option<u64>,
    /// Present only for devices whose connection is lost.
    #[serde(skip_serializing_if = "is_false")]
    lost: bool,
    /// Present only for devices that joined as admins.
    #[serde(skip_serializing_if = "is_false")]
    admin: bool,
    /// Present only for devices that sent one, and only to members that may see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    hello: Option<String>,
}

/// A device in a list of changes.
#[derive(Serialize)]
struct Entry<'a> {
    status: &'static str,
    #[serde(flatten)]
    device: Device<'a>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the library asks so")]
const fn is_false(value: &bool) -> bool {
    !*value
}

impl<'a> From<&'a Participant> for Device<'a> {
    fn from(participant: &'a Participant) -> Self {
        let user = participant.opaque_user_id.as_ref();
        Self {
            demux_id: participant.demux_id.value(),
            opaque_user_id: user.map(anteroom_protocol::OpaqueUserId::as_str),
            hand_raised_at: participant
                .hand_raised_at
                .map(anteroom_call::Moment::as_millis),
            lost: participant.is_lost,
            admin: participant.is_admin,
            hello: participant
                .hello
                .as_ref()
                .map(|hello| URL_SAFE_NO_PAD.encode(hello.as_bytes())),
        }
    }
}

fn devices(participants: &[Participant]) -> Vec<Device<'_>> {
    participants.iter().map(Device::from).collect()
}

fn entries(entries: &[RosterEntry]) -> Vec<Entry<'_>> {
    let entry = |entry| {
        let RosterEntry {
            status,
            participant,
        }: &RosterEntry = entry;
        Entry {
            status: Status::as_str(*status),
            device: Device::from(participant),
        }
    };
    entries.iter().map(entry).collect()
}

fn changes_body(era_id: String, changes: &RosterChanges) -> Body<'_> {
    Body::Roster {
        era_id,
        joined: entries(&changes.joined),
        changed: entries(&changes.changed),
        left: changes.left.iter().copied().map(DemuxId::value).collect(),
        pending_count: changes.pending_count,
    }
}

fn body_of(message: &Message) -> Body<'_> {
    match message {
        Message::Joined(joined) => joined_body(joined),
        Message::Participants { era_id, roster } => Body::Participants {
            era_id: era_id.to_string(),
            active: devices(&roster.active),
            pending: devices(&roster.pending),
            pending_count: roster.pending_count,
        },
        Message::Roster { era_id, changes } => changes_body(era_id.to_string(), changes),
        Message::Admitted => Body::Admitted,
        Message::Denied { reason } => Body::Denied {
            reason: reason.as_str(),
        },
        Message::Removed => Body::Removed,
        Message::Blocked => Body::Blocked,
        Message::Link(link) => Body::Link {
            call_link_state: LinkStateBody::from(&**link as &LinkState),
        },
        Message::Relay { from, body } => Body::Relay {
            from: from.value(),
            body: STANDARD.encode(body.as_bytes()),
        },
        Message::Error(code) => Body::Error {
            code: code.as_str(),
            message: code.message(),
        },
        Message::Pong => Body::Pong,
    }
}

fn joined_body(joined: &JoinAnswer) -> Body<'_> {
    Body::Joined {
        demux_id: joined.demux_id.value(),
        era_id: joined.era_id.to_string(),
        status: joined.status.as_str(),
        is_admin: joined.is_admin,
        resume: STANDARD.encode(joined.resume.as_bytes()),
        max_devices: joined.max_devices,
        participants: devices(&joined.roster.active),
        pending: devices(&joined.roster.pending),
        pending_count: joined.roster.pending_count,
        call_link_state: LinkStateBody::from(&*joined.link as &LinkState),
        features: FEATURES,
    }
}

/// Serializes a message. These types have maps with text keys only and no floats, so that
/// serialization cannot fail.
#[expect(
    clippy::expect_used,
    reason = "these shapes can always be written as JSON"
)]
fn json(body: &Body<'_>) -> Utf8Bytes {
    serde_json::to_string(body).expect("plain data").into()
}

#[cfg(test)]
mod tests;
