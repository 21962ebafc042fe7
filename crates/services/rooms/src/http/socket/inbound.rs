//! The messages of clients, as the service understands them.

mod device;
mod media;

use anteroom_call::{Command, Commit, CommitBody, RelayBody, RelayTarget, Welcome, WelcomeBody};
use anteroom_protocol::{GroupEpoch, OpaqueUserId};
use anteroom_wire::rooms::socket::{self, ClientMessage, JoinMessage, Recipients};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use self::device::device;
use crate::{domain::message_operations::MessageKind, http::socket::refusal::Refusal};

/// The maximum length of a message, in bytes: a relay of 64 KiB as base64 with the JSON around it.
const MAX_MESSAGE: usize = 96 * 1024;

/// The maximum length of a `commit`, in bytes: a commit of 64 KiB and a Welcome of 112 KiB as base64, with the
/// devices that are added and the JSON around them. Also that of `media`: an offer of 64 m-lines in all codecs of a
/// browser has 142 KiB.
pub(crate) const MAX_LARGE_MESSAGE: usize = 256 * 1024;

/// The types of messages that may be that long.
const LARGE: &[&str] = &["commit", "media"];

/// The maximum length of a `join`, in bytes.
pub(crate) const MAX_JOIN: usize = 8 * 1024;

/// The maximum length of another message before the client has joined, in bytes.
const MAX_FIRST_MESSAGE: usize = 4 * 1024;

/// A message of a client, and the operation that it requests.
pub(crate) struct InboundMessage {
    /// `None` for a message that is not an operation: a ping, or a message that cannot be parsed.
    pub(crate) kind: Option<MessageKind>,
    /// The content, or the answer to a message that cannot be parsed or is not valid.
    pub(crate) content: Result<InboundContent, Refusal>,
    /// Whether the message is longer than most may be. A client has one such message in flight.
    pub(crate) is_large: bool,
}

pub(crate) enum InboundContent {
    Join(Box<JoinMessage>),
    Command(Command),
}

impl InboundMessage {
    /// Reads a message before the client has joined.
    pub(crate) fn parse_first(text: &str) -> Self {
        if text.len() > MAX_FIRST_MESSAGE && !ClientMessage::is_of_type(text, &["join"]) {
            return Self::unreadable(Refusal::TooLarge);
        }
        Self::parse(text)
    }

    /// Reads a message after that.
    pub(crate) fn parse(text: &str) -> Self {
        let is_large = text.len() > MAX_MESSAGE;
        if is_large && !ClientMessage::is_of_type(text, LARGE) {
            return Self::unreadable(Refusal::TooLarge);
        }
        match serde_json::from_str::<ClientMessage>(text) {
            Ok(message) => Self {
                kind: kind(&message),
                content: content(message),
                is_large,
            },
            Err(_) => Self::unreadable(Refusal::Invalid),
        }
    }

    /// Creates the result for a message that cannot be parsed.
    pub(crate) const fn unreadable(refusal: Refusal) -> Self {
        Self {
            kind: None,
            content: Err(refusal),
            is_large: false,
        }
    }
}

fn kind(message: &ClientMessage) -> Option<MessageKind> {
    Some(match message {
        ClientMessage::Join(join) if join.resume.is_none() => MessageKind::Join,
        ClientMessage::Join(_) => MessageKind::Resume,
        ClientMessage::Leave => MessageKind::Leave,
        ClientMessage::Participants => MessageKind::Participants,
        ClientMessage::RaiseHand { .. } => MessageKind::RaiseHand,
        ClientMessage::Relay { .. } => MessageKind::Relay,
        ClientMessage::Commit { .. } => MessageKind::Commit,
        ClientMessage::Refuse { .. } => MessageKind::Refuse,
        ClientMessage::Approve { .. } => MessageKind::Approve,
        ClientMessage::Deny { .. } => MessageKind::Deny,
        ClientMessage::Remove { .. } => MessageKind::Remove,
        ClientMessage::Block { .. } => MessageKind::Block,
        ClientMessage::LowerHand { .. } => MessageKind::LowerHand,
        ClientMessage::Lock { .. } => MessageKind::Lock,
        ClientMessage::Approval { .. } => MessageKind::Approval,
        ClientMessage::Coadmin { .. } => MessageKind::CoAdmin,
        ClientMessage::Media { .. } => MessageKind::Media,
        ClientMessage::View { .. } => MessageKind::View,
        ClientMessage::Publish(_) => MessageKind::Publish,
        ClientMessage::Mute { .. } => MessageKind::Mute,
        ClientMessage::Ping => return None,
    })
}

fn content(message: ClientMessage) -> Result<InboundContent, Refusal> {
    Ok(InboundContent::Command(match message {
        ClientMessage::Join(join) => return Ok(InboundContent::Join(join)),
        ClientMessage::Leave => Command::Leave,
        ClientMessage::RaiseHand { raised } => Command::RaiseHand { raised },
        ClientMessage::Relay { to, body } => Command::Relay {
            to: match to {
                Recipients::One(id) => RelayTarget::One(device(id)?),
                Recipients::Named(_) => RelayTarget::All,
            },
            body: relay_body(&body)?,
        },
        ClientMessage::Commit {
            group,
            epoch,
            body,
            welcome,
        } => Command::Commit(Commit {
            at: GroupEpoch { group, epoch },
            body: CommitBody::new(bytes(&body)?).map_err(|_| Refusal::CommitTooLarge)?,
            welcome: welcome.map(self::welcome).transpose()?,
        }),
        ClientMessage::Refuse { group, epoch } => Command::Refuse(GroupEpoch { group, epoch }),
        ClientMessage::Approve {
            demux_id,
            statement,
        } => Command::Approve {
            device: device(demux_id)?,
            statement,
        },
        ClientMessage::Deny { demux_id } => Command::Deny(device(demux_id)?),
        ClientMessage::Remove { demux_id } => Command::Remove(device(demux_id)?),
        ClientMessage::Block { demux_id } => Command::Block(device(demux_id)?),
        ClientMessage::LowerHand { demux_id } => Command::LowerHand(device(demux_id)?),
        ClientMessage::Lock { locked } => Command::Lock { is_locked: locked },
        ClientMessage::Approval { on } => Command::Approval { is_on: on },
        ClientMessage::Coadmin { opaque_user_id, on } => Command::CoAdmin {
            user: OpaqueUserId::parse(&opaque_user_id).map_err(|_| Refusal::Invalid)?,
            is_on: on,
        },
        ClientMessage::Media { session, offer } => media::offer(session, offer)?,
        ClientMessage::View {
            slots,
            audio_without,
        } => media::view(slots, audio_without)?,
        ClientMessage::Publish(sources) => Command::Publish(sources.into()),
        ClientMessage::Mute {
            demux_id,
            but,
            source,
            hold,
        } => media::mute(demux_id, but, source, hold)?,
        ClientMessage::Participants => Command::Participants,
        ClientMessage::Ping => Command::Ping,
    }))
}

fn relay_body(body: &str) -> Result<RelayBody, Refusal> {
    RelayBody::new(bytes(body)?).map_err(|_| Refusal::BodyTooLarge)
}

fn welcome(welcome: socket::WelcomeBody) -> Result<Welcome, Refusal> {
    Ok(Welcome {
        to: welcome
            .to
            .into_iter()
            .map(device)
            .collect::<Result<_, _>>()?,
        body: WelcomeBody::new(bytes(&welcome.body)?).map_err(|_| Refusal::CommitTooLarge)?,
    })
}

fn bytes(text: &str) -> Result<Vec<u8>, Refusal> {
    STANDARD.decode(text).map_err(|_| Refusal::Invalid)
}

#[cfg(test)]
mod tests;
