//! What clients are told, as JSON.

use anteroom_call::{
    DemuxId, Joined, LinkState, Message, Participant, RosterChanges, RosterEntry, Status,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::{
    socket::{outbox::Kind, refusal::Refusal},
    wire::LinkStateBody,
};

/// What this service does beyond what every service of the protocol does: a client sends nothing
/// that is not listed, and `join` alone may have members that a service does not know.
const FEATURES: &[&str] = &["roster_delta", "end_call"];

/// A message as it goes out.
#[derive(Clone, Debug)]
pub(crate) struct Outbound {
    pub(crate) text: Utf8Bytes,
    pub(crate) kind: Kind,
}

impl Outbound {
    /// A message of the call.
    pub(crate) fn of_call(message: &Message) -> Self {
        let kind = match message {
            Message::Participants { .. } => Kind::Roster,
            Message::Roster { .. } => Kind::RosterChanges,
            Message::Link(_) => Kind::Link,
            Message::Relay { .. } => Kind::Relay,
            Message::Pong => Kind::Pong,
            Message::Joined(_)
            | Message::Admitted
            | Message::Denied { .. }
            | Message::Removed
            | Message::Blocked
            | Message::Error(_) => Kind::Answer,
        };
        Self {
            text: json(&body_of(message)),
            kind,
        }
    }

    /// A refusal.
    pub(crate) fn of_refusal(refusal: Refusal) -> Self {
        Self::answer(&Body::Error {
            code: refusal.code(),
            message: refusal.message(),
        })
    }

    /// A relay did not reach this client.
    pub(crate) fn relay_dropped() -> Self {
        Self::answer(&Body::Error {
            code: "relay_dropped",
            message: "Messages of others were dropped, because you read too slowly.",
        })
    }

    /// Where the call is instead.
    pub(crate) fn redirect(url: &str) -> Self {
        Self::answer(&Body::Redirect { url })
    }

    fn answer(body: &Body<'_>) -> Self {
        Self {
            text: json(body),
            kind: Kind::Answer,
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
    /// Only of devices whose connection is lost.
    #[serde(skip_serializing_if = "is_false")]
    lost: bool,
}

/// A device among changes.
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
            opaque_user_id: user.map(anteroom_call::OpaqueUserId::as_str),
            hand_raised_at: participant
                .hand_raised_at
                .map(anteroom_call::Moment::as_millis),
            lost: participant.is_lost,
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

fn joined_body(joined: &Joined) -> Body<'_> {
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

/// Maps with text keys and no floats: writing them as JSON cannot fail.
#[expect(
    clippy::expect_used,
    reason = "these shapes can always be written as JSON"
)]
fn json(body: &Body<'_>) -> Utf8Bytes {
    serde_json::to_string(body).expect("plain data").into()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use anteroom_call::{
        DenialReason, EraId, ErrorCode, Moment, OpaqueUserId, RelayBody, Restrictions,
        ResumeSecret, Roster,
    };
    use anteroom_protocol::Timestamp;
    use serde_json::{Value, json};

    use super::*;

    fn device(id: u32) -> DemuxId {
        DemuxId::new(id).unwrap()
    }

    fn roster() -> Roster {
        let user = |text| OpaqueUserId::parse(text).ok();
        Roster {
            active: Arc::new([Participant {
                demux_id: device(16),
                opaque_user_id: user("aa"),
                hand_raised_at: Some(Moment::from_millis(1_700_000_000_123)),
                is_lost: false,
            }]),
            pending: Arc::new([Participant {
                demux_id: device(32),
                opaque_user_id: None,
                hand_raised_at: None,
                is_lost: true,
            }]),
            pending_count: 1,
        }
    }

    fn link() -> Arc<LinkState> {
        Arc::new(LinkState {
            restrictions: Restrictions::AdminApproval,
            name: Arc::new([1, 2]),
            revoked: false,
            expiration: Timestamp::from_secs(1),
            delete_at: Timestamp::from_secs(2),
        })
    }

    #[test]
    fn every_message_has_the_form_of_the_protocol() {
        let era = EraId::from_bytes([0xab; 16]);
        let era_text = "ab".repeat(16);
        let active = json!([
            {"demuxId": 16, "opaqueUserId": "aa", "handRaisedAt": 1_700_000_000_123_u64}
        ]);
        let pending = json!([{"demuxId": 32, "lost": true}]);
        let state = json!({
            "restrictions": "adminApproval", "name": "AQI=", "revoked": false,
            "expiration": 1, "delete_at": 2,
        });
        let joined = Message::Joined(Box::new(Joined {
            demux_id: device(16),
            era_id: era,
            status: Status::Active,
            is_admin: true,
            resume: ResumeSecret::from_bytes([0; 32]),
            max_devices: 8,
            roster: roster(),
            link: link(),
        }));
        let participants = Message::Participants {
            era_id: era,
            roster: roster(),
        };
        let entry = |status, list: &[Participant]| RosterEntry {
            status,
            participant: list[0].clone(),
        };
        let changes = Message::Roster {
            era_id: era,
            changes: Arc::new(RosterChanges {
                joined: vec![entry(Status::Active, &roster().active)],
                changed: vec![entry(Status::Pending, &roster().pending)],
                left: vec![device(48)],
                pending_count: 1,
            }),
        };
        let relay = Message::Relay {
            from: device(16),
            body: RelayBody::new(*b"hi").unwrap(),
        };
        let full = Message::Error(ErrorCode::Full);
        let denied = Message::Denied {
            reason: DenialReason::Ended,
        };
        for (message, expected) in [
            (
                joined,
                json!({
                    "type": "joined", "demuxId": 16, "eraId": era_text, "status": "active",
                    "isAdmin": true, "resume": STANDARD.encode([0; 32]), "maxDevices": 8,
                    "participants": active, "pending": pending, "pendingCount": 1,
                    "callLinkState": state, "features": ["roster_delta", "end_call"],
                }),
            ),
            (
                participants,
                json!({
                    "type": "participants", "eraId": era_text, "active": active,
                    "pending": pending, "pendingCount": 1,
                }),
            ),
            (
                changes,
                json!({
                    "type": "roster", "eraId": era_text,
                    "joined": [{
                        "status": "active", "demuxId": 16, "opaqueUserId": "aa",
                        "handRaisedAt": 1_700_000_000_123_u64,
                    }],
                    "changed": [{"status": "pending", "demuxId": 32, "lost": true}],
                    "left": [48], "pendingCount": 1,
                }),
            ),
            (Message::Admitted, json!({"type": "admitted"})),
            (denied, json!({"type": "denied", "reason": "ended"})),
            (Message::Removed, json!({"type": "removed"})),
            (Message::Blocked, json!({"type": "blocked"})),
            (
                Message::Link(link()),
                json!({"type": "link", "callLinkState": state}),
            ),
            (relay, json!({"type": "relay", "from": 16, "body": "aGk="})),
            (
                full,
                json!({"type": "error", "code": "full", "message": "The call is full."}),
            ),
            (Message::Pong, json!({"type": "pong"})),
        ] {
            let text = Outbound::of_call(&message).text;
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
        }
        let redirect = Outbound::redirect("wss://other").text;
        assert_eq!(
            redirect.as_str(),
            r#"{"type":"redirect","url":"wss://other"}"#
        );
    }
}
