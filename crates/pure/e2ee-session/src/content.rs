//! The content of the application messages of a session.
//!
//! A kind (1), then: `02`, a name in UTF-8; `03`, approvals, each with its length (2) before it; `04`, the numbers
//! of the sender's texts and the latest of these texts; `05`, these numbers alone, as long as a confirmation; `06`,
//! a request for texts; `07`, the answer; `08`, the devices in the lobby, for co-admins; `09`, a decision of a
//! co-admin. Readers leave out other kinds.

use anteroom_e2ee::{Approval, GroupMessage, SignedStatement};
use anteroom_protocol::{printable_lines, printable_name, redacted_debug};
use zeroize::Zeroizing;

use crate::{
    lobby::{CoAdminDecision, MAX_WAITING, WaitingDevice},
    text_numbers::{NumberSet, TextNumbers, TextRun},
};

const NAME: u8 = 2;
const APPROVALS: u8 = 3;
const NUMBERED_TEXT: u8 = 4;
const TEXT_NUMBERS: u8 = 5;
const TEXT_REQUEST: u8 = 6;
const TEXT_ANSWER: u8 = 7;
const LOBBY: u8 = 8;
const DECISION: u8 = 9;

/// The content of a message.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// The sender's new name.
    Name(Option<String>),
    /// New approvals of those who are in.
    Approvals(Vec<SignedStatement<Approval>>),
    /// A text for everybody, with its number as the latest.
    NumberedText(TextNumbers, String),
    /// The numbers of the sender's texts.
    TextNumbers(TextNumbers),
    /// The sender misses texts of the one recipient.
    TextRequest {
        run: TextRun,
        missing: NumberSet,
        /// The key for which the answer is sealed.
        key: [u8; 32],
    },
    /// The answer: texts of the sender for the one recipient.
    TextAnswer {
        run: TextRun,
        answered: NumberSet,
        sealed: Vec<u8>,
    },
    /// The devices in the lobby, for co-admins.
    Lobby(Vec<WaitingDevice>),
    /// The decision of a co-admin, for the devices of admins.
    Decision(CoAdminDecision),
}

redacted_debug!(Content);

impl Content {
    pub(crate) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::new());
        match self {
            Self::Name(name) => {
                bytes.push(NAME);
                bytes.extend_from_slice(name.as_deref().unwrap_or_default().as_bytes());
            }
            Self::Approvals(approvals) => {
                bytes.push(APPROVALS);
                for approval in approvals {
                    let approval = approval.as_bytes();
                    let length = u16::try_from(approval.len()).unwrap_or_default();
                    bytes.extend_from_slice(&length.to_be_bytes());
                    bytes.extend_from_slice(approval);
                }
            }
            Self::NumberedText(of, text) => {
                bytes.push(NUMBERED_TEXT);
                bytes.extend_from_slice(&of.to_bytes());
                bytes.extend_from_slice(text.as_bytes());
            }
            Self::TextNumbers(of) => {
                bytes.push(TEXT_NUMBERS);
                bytes.extend_from_slice(&of.to_bytes());
                bytes.resize(GroupMessage::CONFIRMATION_CONTENT, 0);
            }
            Self::TextRequest { run, missing, key } => {
                bytes.push(TEXT_REQUEST);
                bytes.extend_from_slice(&run.0);
                bytes.extend_from_slice(&missing.to_bytes());
                bytes.extend_from_slice(key);
            }
            Self::TextAnswer {
                run,
                answered,
                sealed,
            } => {
                bytes.push(TEXT_ANSWER);
                bytes.extend_from_slice(&run.0);
                bytes.extend_from_slice(&answered.to_bytes());
                bytes.extend_from_slice(sealed);
            }
            Self::Lobby(waiting) => {
                bytes.push(LOBBY);
                for device in waiting {
                    device.write(&mut bytes);
                }
            }
            Self::Decision(decision) => {
                bytes.push(DECISION);
                decision.write(&mut bytes);
            }
        }
        bytes
    }

    /// Parses a content, with texts as they can be displayed; `None` for one of another kind.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        match *kind {
            NAME => core::str::from_utf8(rest)
                .ok()
                .map(|name| Self::Name(printable_name(name))),
            APPROVALS => approvals(rest).map(Self::Approvals),
            NUMBERED_TEXT => {
                let (of, text) = rest.split_first_chunk()?;
                let text = printable_lines(core::str::from_utf8(text).ok()?);
                let of = TextNumbers::parse(of)?;
                (!text.is_empty()).then_some(Self::NumberedText(of, text))
            }
            TEXT_NUMBERS => {
                let (of, padding) = rest.split_first_chunk()?;
                let is_whole = bytes.len() == GroupMessage::CONFIRMATION_CONTENT;
                let is_whole = is_whole && padding.iter().all(|byte| *byte == 0);
                let of = is_whole.then(|| TextNumbers::parse(of))??;
                Some(Self::TextNumbers(of))
            }
            TEXT_REQUEST => {
                let (run, missing, key) = run_and_numbers(rest)?;
                Some(Self::TextRequest {
                    run,
                    missing,
                    key: key.try_into().ok()?,
                })
            }
            TEXT_ANSWER => {
                let (run, answered, sealed) = run_and_numbers(rest)?;
                Some(Self::TextAnswer {
                    run,
                    answered,
                    sealed: sealed.to_vec(),
                })
            }
            LOBBY => waiting(rest).map(Self::Lobby),
            DECISION => CoAdminDecision::read(rest).map(Self::Decision),
            _ => None,
        }
    }
}

fn run_and_numbers(bytes: &[u8]) -> Option<(TextRun, NumberSet, &[u8])> {
    let (run, rest) = bytes.split_first_chunk()?;
    let (numbers, rest) = rest.split_first_chunk()?;
    Some((TextRun(*run), NumberSet::parse(numbers)?, rest))
}

fn approvals(mut rest: &[u8]) -> Option<Vec<SignedStatement<Approval>>> {
    let mut approvals = Vec::new();
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk::<2>()?;
        let (approval, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        approvals.push(SignedStatement::parse(approval).ok()?);
        rest = after;
    }
    Some(approvals)
}

fn waiting(mut rest: &[u8]) -> Option<Vec<WaitingDevice>> {
    let mut devices = Vec::new();
    while !rest.is_empty() {
        if devices.len() >= MAX_WAITING {
            return None;
        }
        let (device, after) = WaitingDevice::read(rest)?;
        devices.push(device);
        rest = after;
    }
    Some(devices)
}

#[cfg(test)]
mod tests {
    use anteroom_e2ee::DeviceSecret;
    use anteroom_protocol::{DemuxId, OpaqueUserId, RoomId};

    use super::*;

    #[test]
    fn contents_about_numbers_are_what_they_were_made_from() {
        let run = TextRun([7; 8]);
        let of = TextNumbers {
            run,
            latest: 9,
            first: 3,
        };
        let numbers = NumberSet {
            latest: 9,
            mask: 0b101,
        };
        for content in [
            Content::NumberedText(of, "text".to_owned()),
            Content::TextNumbers(of),
            Content::TextRequest {
                run,
                missing: numbers,
                key: [8; 32],
            },
            Content::TextAnswer {
                run,
                answered: numbers,
                sealed: vec![1, 2],
            },
        ] {
            let bytes = content.to_bytes();
            assert_eq!(Content::parse(&bytes), Some(content));
            assert_eq!(Content::parse(&bytes[..16]), None);
        }
    }

    #[test]
    fn a_lobby_has_as_many_devices_as_one_is_told_with_and_one_encoding() {
        let room = RoomId::from_bytes([1; 32]);
        let device = |number: u32| WaitingDevice {
            demux_id: DemuxId::new(16 * (1 + number)).unwrap(),
            user: OpaqueUserId::parse("0a").unwrap(),
            member_key: DeviceSecret::from_bytes([1; 32]).member_key(&room).public(),
            is_guest: true,
            name: None,
        };
        let lobby = |number: usize| {
            let devices = (0..u32::MAX).map(device).take(number);
            Content::Lobby(devices.collect())
        };
        let most = lobby(MAX_WAITING);
        assert_eq!(Content::parse(&most.to_bytes()), Some(most));
        let more = lobby(MAX_WAITING + 1).to_bytes();
        assert_eq!(Content::parse(&more), None);
        let mut flag = lobby(1).to_bytes();
        flag[1 + 4 + 32] = 2;
        assert_eq!(Content::parse(&flag), None);
    }

    #[test]
    fn texts_and_names_come_as_they_can_be_displayed() {
        let of = TextNumbers {
            run: TextRun([7; 8]),
            latest: 1,
            first: 1,
        };
        let said = |text: &str| Content::NumberedText(of, text.to_owned());
        let read = Content::parse(&said("one\u{202e}\ttwo  \r\nthree \n\n").to_bytes());
        assert_eq!(read, Some(said("one    two\nthree")));
        let mut broken = said("a").to_bytes().to_vec();
        *broken.last_mut().unwrap() = 0xff;
        let empty = said("").to_bytes();
        let name = Content::Name(Some("A\u{7}nn".to_owned()));
        let read = Content::parse(&name.to_bytes()).unwrap();
        assert_eq!(read, Content::Name(Some("Ann".to_owned())));
        assert_eq!(Content::parse(&[NAME]), Some(Content::Name(None)));
        for other in [
            &b""[..],
            &broken,
            &empty,
            b"\x01a text without a number",
            &[9, 9],
            &[APPROVALS, 0, 9, 1],
        ] {
            assert_eq!(Content::parse(other), None);
        }
    }
}
