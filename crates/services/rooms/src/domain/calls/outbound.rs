//! Messages to clients, as JSON.

mod media;

use anteroom_call::{
    ErrorCode, GroupRequest, JoinAnswer, Message, Moment, Participant, RosterEntry, Status,
};
use anteroom_protocol::{
    DemuxId, GroupEpoch, LinkState,
    media::{MuteOrder, PerSource, Source},
};
use anteroom_wire::rooms::{
    LinkStateBody,
    socket::{DeviceBody, DeviceStatus, EntryBody, GroupEpochBody, JoinedMessage, ServerMessage},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use bytes::Bytes;
use zeroize::Zeroizing;

use crate::MediaConfig;

/// The features of this service beyond the base protocol. A client sends only messages that are
/// listed here; `join` alone may have members that a service does not know.
const FEATURES: &[&str] = &[
    "roster_delta",
    "end_call",
    "hello",
    "member",
    "group",
    "statements",
    "guests",
    "moderation",
];

/// The feature of calls with media.
const MEDIA_FEATURE: &str = "media";

/// How a message waits in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QueueKind {
    /// Control. Waits until it is sent.
    Answer,
    /// Control. A newer state of the link replaces it.
    Link,
    /// Control. A newer state of the lock, the approval and the rights replaces it.
    Moderation,
    /// Control. A newer statement about the device replaces it.
    Statement,
    /// Control. A newer state of the client's slots replaces it.
    Slots,
    /// Control. What the client is to send: a newer one replaces it.
    Wanted,
    /// Control. Newer speakers replace it.
    Speakers,
    /// Control. An order of an admin: the same order about the same source replaces it.
    Muted(Source, MuteOrder),
    /// Control. At most one waits.
    Pong,
    /// Control. Another whole roster replaces it.
    Roster,
    /// Control. Changes to the previous roster.
    RosterChanges,
    /// The place of the whole roster that the call sends in place of changes. Nothing is sent before it.
    RosterPlace,
    /// Control. A commit, a Welcome or a refusal.
    Group,
    /// Control. Tells that messages of the group were dropped. At most one waits.
    GroupDropped,
    /// The lane of relays.
    Relay,
}

/// An outgoing message.
#[derive(Clone, Debug)]
pub(crate) struct OutboundMessage {
    pub(crate) text: Bytes,
    pub(crate) kind: QueueKind,
}

impl OutboundMessage {
    /// Creates a message of the call.
    pub(crate) fn of_call(message: &Message) -> Self {
        let kind = match message {
            Message::Participants { .. } => QueueKind::Roster,
            Message::Roster { .. } => QueueKind::RosterChanges,
            Message::Link(_) => QueueKind::Link,
            Message::Moderation { .. } => QueueKind::Moderation,
            Message::Relay { .. } => QueueKind::Relay,
            Message::Commit { .. } | Message::Welcome { .. } | Message::Refuse { .. } => {
                QueueKind::Group
            }
            Message::NewStatement { .. } => QueueKind::Statement,
            Message::Pong { .. } => QueueKind::Pong,
            Message::Muted { source, order, .. } => QueueKind::Muted(*source, *order),
            Message::Joined(_)
            | Message::Admitted { .. }
            | Message::Denied(_)
            | Message::Removed
            | Message::Blocked
            | Message::GroupError { .. }
            | Message::Error(_) => QueueKind::Answer,
        };
        Self {
            text: json(&body_of(message)),
            kind,
        }
    }

    /// Creates the answer to a join, which tells the media that the call has.
    pub(crate) fn joined(joined: &JoinAnswer, media: Option<&MediaConfig>) -> Self {
        Self::answer(&joined_body(joined, media))
    }

    pub(crate) fn error(code: &'static str, message: &'static str) -> Self {
        Self::answer(&ServerMessage::Error {
            code: code.into(),
            message: message.into(),
            of: None,
            present: None,
        })
    }

    /// Creates the notice that a relay was dropped for this client.
    pub(crate) fn relay_dropped() -> Self {
        Self::error(
            "relay_dropped",
            "Messages of others were dropped, because you read too slowly.",
        )
    }

    /// Creates the notice that messages of the group were dropped for this client.
    pub(crate) fn commits_dropped() -> Self {
        let notice = Self::error(
            "commits_dropped",
            "Commits of the group were dropped, because you read too slowly.",
        );
        Self {
            kind: QueueKind::GroupDropped,
            ..notice
        }
    }

    /// Creates the redirect to the node that has the call.
    pub(crate) fn redirect(url: &str) -> Self {
        Self::answer(&ServerMessage::Redirect { url: url.into() })
    }

    fn answer(body: &ServerMessage<'_>) -> Self {
        Self {
            text: json(body),
            kind: QueueKind::Answer,
        }
    }
}

fn device(participant: &Participant) -> DeviceBody<'_> {
    let user = participant.opaque_user_id.as_ref();
    let hello = participant.hello.as_ref();
    DeviceBody {
        demux_id: participant.demux_id.number(),
        opaque_user_id: user.map(|user| user.as_str().into()),
        hand_raised_at: participant.hand_raised_at.map(Moment::as_millis),
        lost: participant.is_lost,
        admin: participant.is_admin,
        coadmin: participant.is_co_admin,
        guest: participant.has_guest_account,
        hello: hello.map(|hello| URL_SAFE_NO_PAD.encode(hello.as_bytes())),
        member: participant.member,
        media: (participant.sends != PerSource::default()).then(|| participant.sends.into()),
    }
}

fn devices(participants: &[Participant]) -> Vec<DeviceBody<'_>> {
    participants.iter().map(device).collect()
}

fn entry(entry: &RosterEntry) -> EntryBody<'_> {
    EntryBody {
        status: status(entry.status),
        device: device(&entry.participant),
    }
}

const fn status(status: Status) -> DeviceStatus {
    match status {
        Status::Active => DeviceStatus::Active,
        Status::Pending => DeviceStatus::Pending,
    }
}

fn body_of(message: &Message) -> ServerMessage<'_> {
    match message {
        Message::Joined(joined) => joined_body(joined, None),
        Message::Participants {
            era_id,
            revision,
            roster,
        } => ServerMessage::Participants {
            era_id: era_id.to_string(),
            active: devices(&roster.active),
            pending: devices(&roster.pending),
            pending_count: Some(roster.pending_count),
            revision: Some(revision.number()),
        },
        Message::Roster {
            era_id,
            since,
            revision,
            changes,
        } => ServerMessage::Roster {
            era_id: era_id.to_string(),
            joined: changes.joined.iter().map(entry).collect(),
            changed: changes.changed.iter().map(entry).collect(),
            left: changes.left.iter().copied().map(DemuxId::number).collect(),
            pending_count: changes.pending_count,
            since: Some(since.number()),
            revision: Some(revision.number()),
        },
        Message::Admitted { present, statement } => ServerMessage::Admitted {
            present: present_group(*present),
            statement: statement.clone(),
        },
        Message::NewStatement { present, statement } => ServerMessage::Admitted {
            present: present_group(*present),
            statement: Some(statement.clone()),
        },
        Message::Denied(reason) => ServerMessage::Denied {
            reason: reason.as_str().into(),
        },
        Message::Removed => ServerMessage::Removed,
        Message::Blocked => ServerMessage::Blocked,
        Message::Link(link) => ServerMessage::Link {
            call_link_state: LinkStateBody::from(&**link as &LinkState),
        },
        Message::Moderation {
            moderation,
            is_admin,
        } => ServerMessage::Moderation {
            locked: moderation.is_locked,
            approval: moderation.asks_approval,
            is_admin: *is_admin,
        },
        Message::Relay { from, body } => ServerMessage::Relay {
            from: from.number(),
            body: STANDARD.encode(body.as_bytes()),
        },
        Message::Commit { at, from, body } => ServerMessage::Commit {
            group: at.group,
            epoch: at.epoch,
            from: from.number(),
            body: STANDARD.encode(body.as_bytes()),
        },
        Message::Welcome { at, from, body } => ServerMessage::Welcome {
            group: at.group,
            epoch: at.epoch,
            from: from.number(),
            body: STANDARD.encode(body.as_bytes()),
        },
        Message::Refuse { at, from } => ServerMessage::Refuse {
            group: at.group,
            epoch: at.epoch,
            from: from.number(),
        },
        Message::Muted { by, source, order } => ServerMessage::Muted {
            by: by.number(),
            source: (*source).into(),
            hold: match order {
                MuteOrder::Mute => None,
                MuteOrder::Hold => Some(true),
                MuteOrder::Release => Some(false),
            },
        },
        Message::GroupError { of, code, present } => ServerMessage::Error {
            code: code.as_str().into(),
            message: group_error_text(*of, *code).into(),
            of: Some(of.as_str().into()),
            present: Some((*present).into()),
        },
        Message::Error(code) => ServerMessage::Error {
            code: code.as_str().into(),
            message: code.message().into(),
            of: None,
            present: None,
        },
        Message::Pong { roster_revision } => ServerMessage::Pong {
            roster_revision: Some(roster_revision.number()),
        },
    }
}

/// Returns the text for a person, which differs from the usual one where that is about admins alone.
const fn group_error_text(of: GroupRequest, code: ErrorCode) -> &'static str {
    match (of, code) {
        (GroupRequest::Refuse, ErrorCode::Forbidden) => {
            "Only devices of the group can refuse its commits."
        }
        (GroupRequest::Commit, ErrorCode::Forbidden) => {
            "Only devices of the group can commit to it, and only an admin can start the next one now."
        }
        _ => code.message(),
    }
}

/// Returns the present epoch, unless no group has started.
fn present_group(present: GroupEpoch) -> Option<GroupEpochBody> {
    (present.group > 0).then(|| present.into())
}

fn joined_body<'a>(joined: &'a JoinAnswer, media: Option<&MediaConfig>) -> ServerMessage<'a> {
    let features = FEATURES.iter().copied();
    let features = features.chain(media.map(|_| MEDIA_FEATURE));
    ServerMessage::Joined(Box::new(JoinedMessage {
        demux_id: joined.demux_id.number(),
        era_id: joined.era_id.to_string(),
        status: status(joined.status),
        is_admin: joined.is_admin,
        resume: Zeroizing::new(STANDARD.encode(joined.resume.as_bytes())),
        max_devices: joined.max_devices,
        max_devices_per_user: Some(joined.devices_per_user),
        participants: devices(&joined.roster.active),
        pending: devices(&joined.roster.pending),
        pending_count: Some(joined.roster.pending_count),
        roster_revision: Some(joined.roster_revision.number()),
        call_link_state: LinkStateBody::from(&*joined.link as &LinkState),
        features: features.map(Into::into).collect(),
        media_config: media.map(MediaConfig::body),
        present: present_group(joined.present),
        missed: (joined.missed_commits > 0).then_some(joined.missed_commits),
        statement: joined.statement.clone(),
        locked: joined.moderation.is_locked,
        approval: Some(joined.moderation.asks_approval),
    }))
}

/// Serializes a message. These types have maps with text keys only and no floats, so that
/// serialization cannot fail.
#[expect(
    clippy::expect_used,
    reason = "these shapes can always be written as JSON"
)]
fn json(body: &ServerMessage<'_>) -> Bytes {
    serde_json::to_string(body).expect("plain data").into()
}

#[cfg(test)]
mod tests;
