//! What clients say, as JSON.

use anteroom_call::{Command, DemuxId, RelayBody, RelayTarget, RosterForm};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;

use crate::{socket::refusal::Refusal, wire::Base64};

/// The longest message, in bytes: a relay of 64 KiB as base64 with all that surrounds it.
pub(crate) const MAX_MESSAGE: usize = 96 * 1024;

/// The longest message before the client has joined, in bytes: a `join` has less than half of it.
pub(crate) const MAX_FIRST_MESSAGE: usize = 4 * 1024;

/// A message of a client.
pub(crate) enum Inbound {
    Join(Box<JoinRequest>),
    Command(Command),
}

/// `join`. Members that are not known are left out: a newer client may have more to say.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JoinRequest {
    pub(crate) room_id: String,
    pub(crate) epoch: Option<u32>,
    /// An auth presentation as base64.
    pub(crate) auth: String,
    pub(crate) admin_passkey: Option<Base64>,
    /// What an earlier `joined` gave.
    pub(crate) resume: Option<String>,
    /// How it wants to be told of changes of the roster: `delta`, or anything else for whole ones.
    roster: Option<serde_json::Value>,
}

impl JoinRequest {
    pub(crate) fn roster_form(&self) -> RosterForm {
        match &self.roster {
            Some(form) if form == "delta" => RosterForm::Changes,
            _ => RosterForm::Whole,
        }
    }
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum Message {
    Join(JoinRequest),
    Leave,
    RaiseHand {
        raised: bool,
    },
    Relay {
        to: Target,
        body: String,
    },
    Approve {
        #[serde(rename = "demuxId")]
        demux_id: u32,
    },
    Deny {
        #[serde(rename = "demuxId")]
        demux_id: u32,
    },
    Remove {
        #[serde(rename = "demuxId")]
        demux_id: u32,
    },
    Block {
        #[serde(rename = "demuxId")]
        demux_id: u32,
    },
    Participants,
    Ping,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Target {
    One(u32),
    Named(All),
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum All {
    All,
}

impl Inbound {
    /// Reads a message.
    ///
    /// # Errors
    /// What to answer to a message that cannot be read or cannot be meant.
    pub(crate) fn parse(text: &str) -> Result<Self, Refusal> {
        let message = serde_json::from_str(text).map_err(|_| Refusal::Invalid)?;
        Ok(Self::Command(match message {
            Message::Join(join) => return Ok(Self::Join(Box::new(join))),
            Message::Leave => Command::Leave,
            Message::RaiseHand { raised } => Command::RaiseHand { raised },
            Message::Relay { to, body } => Command::Relay {
                to: match to {
                    Target::One(id) => RelayTarget::One(device(id)?),
                    Target::Named(All::All) => RelayTarget::All,
                },
                body: relay_body(&body)?,
            },
            Message::Approve { demux_id } => Command::Approve(device(demux_id)?),
            Message::Deny { demux_id } => Command::Deny(device(demux_id)?),
            Message::Remove { demux_id } => Command::Remove(device(demux_id)?),
            Message::Block { demux_id } => Command::Block(device(demux_id)?),
            Message::Participants => Command::Participants,
            Message::Ping => Command::Ping,
        }))
    }
}

fn device(id: u32) -> Result<DemuxId, Refusal> {
    DemuxId::new(id).ok_or(Refusal::UnknownDevice)
}

fn relay_body(body: &str) -> Result<RelayBody, Refusal> {
    let bytes = STANDARD.decode(body).map_err(|_| Refusal::Invalid)?;
    RelayBody::new(bytes).map_err(|_| Refusal::BodyTooLarge)
}

#[cfg(test)]
mod tests {
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
                r#"{"type":"approve","demuxId":16}"#,
                Command::Approve(device(16)),
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
            match Inbound::parse(text) {
                Ok(Inbound::Command(command)) => assert_eq!(command, expected, "{text}"),
                _ => panic!("{text}"),
            }
        }
        let join = r#"{"type":"join","roomId":"ab","epoch":7,"auth":"AA==","resume":"AA=="}"#;
        match Inbound::parse(join) {
            Ok(Inbound::Join(join)) => {
                assert_eq!((join.room_id.as_str(), join.epoch), ("ab", Some(7)));
                assert!(join.admin_passkey.is_none());
            }
            _ => panic!("{join}"),
        }
    }

    #[test]
    fn a_join_may_say_more_than_is_known_and_asks_for_changes() {
        for (member, form) in [
            ("", RosterForm::Whole),
            (r#","roster":"delta""#, RosterForm::Changes),
            (r#","roster":"tomorrow","mood":["fine"]"#, RosterForm::Whole),
            (r#","roster":7"#, RosterForm::Whole),
        ] {
            let text = format!(r#"{{"type":"join","roomId":"ab","auth":"AA=="{member}}}"#);
            match Inbound::parse(&text) {
                Ok(Inbound::Join(join)) => assert_eq!(join.roster_form(), form, "{member}"),
                _ => panic!("{text}"),
            }
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
        ] {
            let got = Inbound::parse(text).err();
            assert_eq!(got, Some(expected), "{}", text.get(..60).unwrap_or(text));
        }
    }

    #[test]
    fn the_longest_relay_fits_in_a_message() {
        let body = STANDARD.encode(vec![0; 65_536]);
        let text = format!(r#"{{"type":"relay","to":4294967280,"body":"{body}"}}"#);
        assert!(text.len() < MAX_MESSAGE);
        assert!(Inbound::parse(&text).is_ok());
    }
}
