//! The messages of clients, as the service understands them.

use anteroom_call::{Command, Commit, CommitBody, RelayBody, RelayTarget, Welcome, WelcomeBody};
use anteroom_protocol::{DemuxId, GroupEpoch};
use anteroom_wire::rooms::socket::{self, ClientMessage, JoinMessage, RelayRecipients};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{domain::message_operations::MessageKind, http::socket::refusal::Refusal};

/// The maximum length of a message, in bytes: a relay of 64 KiB as base64 with the JSON around it.
const MAX_MESSAGE: usize = 96 * 1024;

/// The maximum length of a `commit`, in bytes: a commit of 64 KiB and a Welcome of 112 KiB as base64, with the
/// devices that are added and the JSON around them.
pub(crate) const MAX_COMMIT_MESSAGE: usize = 256 * 1024;

/// The maximum length of a message before the client has joined, in bytes. A `join` takes less than
/// half of it.
pub(crate) const MAX_FIRST_MESSAGE: usize = 4 * 1024;

/// A message of a client, and the operation that it requests.
pub(crate) struct InboundMessage {
    /// `None` for a message that is not an operation: a ping, or a message that cannot be parsed.
    pub(crate) kind: Option<MessageKind>,
    /// The content, or the answer to a message that cannot be parsed or is not valid.
    pub(crate) content: Result<InboundContent, Refusal>,
}

pub(crate) enum InboundContent {
    Join(Box<JoinMessage>),
    Command(Command),
}

impl InboundMessage {
    pub(crate) fn parse(text: &str) -> Self {
        if text.len() > MAX_MESSAGE && !ClientMessage::is_commit(text) {
            return Self::unreadable(Refusal::TooLarge);
        }
        match serde_json::from_str::<ClientMessage>(text) {
            Ok(message) => Self {
                kind: kind(&message),
                content: content(message),
            },
            Err(_) => Self::unreadable(Refusal::Invalid),
        }
    }

    /// Creates the result for a message that cannot be parsed.
    pub(crate) const fn unreadable(refusal: Refusal) -> Self {
        Self {
            kind: None,
            content: Err(refusal),
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
                RelayRecipients::One(id) => RelayTarget::One(device(id)?),
                RelayRecipients::Named(_) => RelayTarget::All,
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
        ClientMessage::Participants => Command::Participants,
        ClientMessage::Ping => Command::Ping,
    }))
}

fn device(id: u32) -> Result<DemuxId, Refusal> {
    DemuxId::new(id).ok_or(Refusal::UnknownDevice)
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
mod tests {
    use anteroom_protocol::ApprovalStatement;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn device(id: u32) -> DemuxId {
        DemuxId::new(id).unwrap()
    }

    #[test]
    fn every_message_has_one_form() {
        let body = RelayBody::new(*b"hi").unwrap();
        for (text, expected) in [
            (r#"{"type":"leave"}"#, Command::Leave),
            (r#"{"type":"ping"}"#, Command::Ping),
            (r#"{"type":"participants"}"#, Command::Participants),
            (
                r#"{"type":"raise_hand","raised":true}"#,
                Command::RaiseHand { raised: true },
            ),
            (
                r#"{"type":"relay","to":"all","body":"aGk="}"#,
                Command::Relay {
                    to: RelayTarget::All,
                    body: body.clone(),
                },
            ),
            (
                r#"{"type":"relay","to":32,"body":"aGk="}"#,
                Command::Relay {
                    to: RelayTarget::One(device(32)),
                    body,
                },
            ),
            (
                r#"{"type":"commit","group":1,"epoch":0,"body":"aGk="}"#,
                Command::Commit(Commit {
                    at: GroupEpoch { group: 1, epoch: 0 },
                    body: CommitBody::new(*b"hi").unwrap(),
                    welcome: None,
                }),
            ),
            (
                r#"{"type":"commit","group":2,"epoch":7,"body":"aGk=","welcome":{"to":[32,16],"body":"aG8="}}"#,
                Command::Commit(Commit {
                    at: GroupEpoch { group: 2, epoch: 7 },
                    body: CommitBody::new(*b"hi").unwrap(),
                    welcome: Some(Welcome {
                        to: [device(16), device(32)].into(),
                        body: WelcomeBody::new(*b"ho").unwrap(),
                    }),
                }),
            ),
            (
                r#"{"type":"refuse","group":2,"epoch":7}"#,
                Command::Refuse(GroupEpoch { group: 2, epoch: 7 }),
            ),
            (
                r#"{"type":"approve","demuxId":16}"#,
                Command::Approve {
                    device: device(16),
                    statement: None,
                },
            ),
            (
                r#"{"type":"approve","demuxId":16,"statement":"aGk"}"#,
                Command::Approve {
                    device: device(16),
                    statement: ApprovalStatement::new(*b"hi").ok(),
                },
            ),
            (r#"{"type":"deny","demuxId":16}"#, Command::Deny(device(16))),
            (
                r#"{"type":"remove","demuxId":16}"#,
                Command::Remove(device(16)),
            ),
            (
                r#"{"type":"block","demuxId":16}"#,
                Command::Block(device(16)),
            ),
        ] {
            match InboundMessage::parse(text).content {
                Ok(InboundContent::Command(command)) => assert_eq!(command, expected, "{text}"),
                _ => panic!("{text}"),
            }
        }
        let join = r#"{"type":"join","roomId":"ab","epoch":7,"auth":"AA==","resume":"AA=="}"#;
        match InboundMessage::parse(join).content {
            Ok(InboundContent::Join(join)) => {
                assert_eq!((join.room_id.as_str(), join.epoch), ("ab", Some(7)));
                assert!(join.admin_passkey.is_none());
            }
            _ => panic!("{join}"),
        }
    }

    #[test]
    fn a_hello_is_base64url_of_1_to_640_bytes_and_anything_else_is_refused() {
        let of_length = |length: usize| URL_SAFE_NO_PAD.encode(vec![0xfb; length]);
        assert_eq!(of_length(640).len(), 854);
        for (value, length) in [
            ("null".to_owned(), Ok(None)),
            (r#""_w""#.to_owned(), Ok(Some(1))),
            (format!("{:?}", of_length(640)), Ok(Some(640))),
            (format!("{:?}", of_length(641)), Err(())),
            (r#""""#.to_owned(), Err(())),
            // Padding, the other alphabet, a cut text, non-zero trailing bits, no string.
            (r#""_w==""#.to_owned(), Err(())),
            (r#""/w""#.to_owned(), Err(())),
            (r#""_""#.to_owned(), Err(())),
            (r#""_x""#.to_owned(), Err(())),
            (r#"" _w""#.to_owned(), Err(())),
            (r#""Ann?""#.to_owned(), Err(())),
            ("7".to_owned(), Err(())),
            (r#"["_w"]"#.to_owned(), Err(())),
        ] {
            let text = format!(r#"{{"type":"join","roomId":"ab","auth":"AA==","hello":{value}}}"#);
            let read = match InboundMessage::parse(&text).content {
                Ok(InboundContent::Join(join)) => {
                    Ok(join.hello.map(|hello| hello.as_bytes().len()))
                }
                Ok(InboundContent::Command(_)) => panic!("{text}"),
                Err(refusal) => {
                    assert_eq!(refusal, Refusal::Invalid, "{value}");
                    Err(())
                }
            };
            assert_eq!(read, length, "{value}");
        }
    }

    #[test]
    fn a_member_key_is_base64url_of_32_bytes_and_anything_else_is_refused() {
        let of_length = |length: usize| format!("{:?}", URL_SAFE_NO_PAD.encode(vec![0xfb; length]));
        let key = "-_v7".repeat(10);
        for (value, is_key) in [
            ("null".to_owned(), Ok(false)),
            (of_length(32), Ok(true)),
            (of_length(31), Err(())),
            (of_length(33), Err(())),
            (of_length(0), Err(())),
            // Padding, the other alphabet, non-zero trailing bits, a space, no string.
            (format!(r#""{key}-_s=""#), Err(())),
            (format!(r#""{key}+/s""#), Err(())),
            (format!(r#""{key}-_t""#), Err(())),
            (format!(r#"" {key}-_s""#), Err(())),
            ("7".to_owned(), Err(())),
            (format!("[{}]", of_length(32)), Err(())),
        ] {
            let text = format!(r#"{{"type":"join","roomId":"ab","auth":"AA==","member":{value}}}"#);
            let read = match InboundMessage::parse(&text).content {
                Ok(InboundContent::Join(join)) => Ok(join.member.is_some()),
                Ok(InboundContent::Command(_)) => panic!("{text}"),
                Err(refusal) => {
                    assert_eq!(refusal, Refusal::Invalid, "{value}");
                    Err(())
                }
            };
            assert_eq!(read, is_key, "{value}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let long = STANDARD.encode(vec![0; 65_537]);
        let too_large = format!(r#"{{"type":"relay","to":"all","body":"{long}"}}"#);
        for (text, expected) in [
            ("", Refusal::Invalid),
            ("{", Refusal::Invalid),
            ("[]", Refusal::Invalid),
            ("{}", Refusal::Invalid),
            (r#"{"type":"dance"}"#, Refusal::Invalid),
            (r#"{"type":"join","roomId":"ab"}"#, Refusal::Invalid),
            (r#"{"type":"raise_hand"}"#, Refusal::Invalid),
            (
                r#"{"type":"raise_hand","raised":true,"x":1}"#,
                Refusal::Invalid,
            ),
            (
                r#"{"type":"relay","to":"some","body":""}"#,
                Refusal::Invalid,
            ),
            (
                r#"{"type":"relay","to":"all","body":"?"}"#,
                Refusal::Invalid,
            ),
            (r#"{"type":"approve","demuxId":-16}"#, Refusal::Invalid),
            (r#"{"type":"approve","demuxId":17}"#, Refusal::UnknownDevice),
            (
                r#"{"type":"relay","to":0,"body":""}"#,
                Refusal::UnknownDevice,
            ),
            (&too_large, Refusal::BodyTooLarge),
            (
                r#"{"type":"commit","group":1,"epoch":0,"body":"?"}"#,
                Refusal::Invalid,
            ),
            (
                r#"{"type":"commit","group":1,"epoch":0,"body":"","welcome":{"to":[17],"body":""}}"#,
                Refusal::UnknownDevice,
            ),
            (
                r#"{"type":"commit","group":1,"epoch":0,"body":"","welcome":{"to":"all","body":""}}"#,
                Refusal::Invalid,
            ),
            (r#"{"type":"refuse","group":1}"#, Refusal::Invalid),
        ] {
            let got = InboundMessage::parse(text).content.err();
            assert_eq!(got, Some(expected), "{}", text.get(..60).unwrap_or(text));
        }
    }

    #[test]
    fn the_longest_relay_fits_in_a_message() {
        let body = STANDARD.encode(vec![0; 65_536]);
        let text = format!(r#"{{"type":"relay","to":4294967280,"body":"{body}"}}"#);
        assert!(text.len() < MAX_MESSAGE);
        assert!(InboundMessage::parse(&text).content.is_ok());
    }

    fn commit(commit: usize, welcome: usize) -> String {
        let [commit, welcome] = [commit, welcome].map(|length| STANDARD.encode(vec![0; length]));
        let to: Vec<u32> = (1..=1_000)
            .map(|number| u32::MAX << 4 & !(number << 4))
            .collect();
        format!(
            r#"{{"type":"commit","group":4294967295,"epoch":18446744073709551615,"body":"{commit}","welcome":{{"to":{to:?},"body":"{welcome}"}}}}"#
        )
    }

    #[test]
    fn only_a_commit_is_longer_than_a_relay() {
        let longest = commit(65_536, 114_688);
        assert!(longest.len() < MAX_COMMIT_MESSAGE, "{}", longest.len());
        assert!(InboundMessage::parse(&longest).content.is_ok());
        for (text, refusal) in [
            (commit(65_537, 0), Refusal::CommitTooLarge),
            (commit(0, 114_689), Refusal::CommitTooLarge),
            (longest.replace("commit", "relay"), Refusal::TooLarge),
            (longest.replace(r#""type""#, r#""kind""#), Refusal::TooLarge),
            (longest.replace('}', " "), Refusal::TooLarge),
            (" ".repeat(MAX_MESSAGE + 1), Refusal::TooLarge),
            (" ".repeat(MAX_MESSAGE), Refusal::Invalid),
        ] {
            let got = InboundMessage::parse(&text).content.err();
            assert_eq!(got, Some(refusal), "{}", text.get(..60).unwrap_or(&text));
        }
    }

    #[test]
    fn every_message_but_a_ping_is_an_operation_also_when_it_is_refused() {
        for (text, expected) in [
            (
                r#"{"type":"join","roomId":"ab","auth":"AA=="}"#,
                Some(MessageKind::Join),
            ),
            (
                r#"{"type":"join","roomId":"ab","auth":"AA==","resume":"AA=="}"#,
                Some(MessageKind::Resume),
            ),
            (r#"{"type":"leave"}"#, Some(MessageKind::Leave)),
            (
                r#"{"type":"participants"}"#,
                Some(MessageKind::Participants),
            ),
            (
                r#"{"type":"raise_hand","raised":true}"#,
                Some(MessageKind::RaiseHand),
            ),
            (
                r#"{"type":"relay","to":"all","body":"?"}"#,
                Some(MessageKind::Relay),
            ),
            (
                r#"{"type":"approve","demuxId":17}"#,
                Some(MessageKind::Approve),
            ),
            (r#"{"type":"deny","demuxId":16}"#, Some(MessageKind::Deny)),
            (
                r#"{"type":"remove","demuxId":16}"#,
                Some(MessageKind::Remove),
            ),
            (r#"{"type":"block","demuxId":16}"#, Some(MessageKind::Block)),
            (
                r#"{"type":"commit","group":1,"epoch":0,"body":"?"}"#,
                Some(MessageKind::Commit),
            ),
            (
                r#"{"type":"refuse","group":1,"epoch":0}"#,
                Some(MessageKind::Refuse),
            ),
            (r#"{"type":"ping"}"#, None),
            (r#"{"type":"dance"}"#, None),
            ("{", None),
        ] {
            assert_eq!(InboundMessage::parse(text).kind, expected, "{text}");
        }
    }
}
