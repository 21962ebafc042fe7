//! The content of the application messages of a session.
//!
//! A kind (1), then: `01`, a text in UTF-8; `02`, a name in UTF-8; `03`, approvals, each with its length (2)
//! before it; `04`, the devices in the lobby, for co-admins; `05`, a decision of a co-admin. Readers leave out
//! other kinds.

use anteroom_e2ee::{Approval, SignedStatement};
use zeroize::Zeroizing;

use crate::{
    lobby::{CoAdminDecision, WaitingDevice},
    text::{clean_name, clean_text},
};

const TEXT: u8 = 1;
const NAME: u8 = 2;
const APPROVALS: u8 = 3;
const LOBBY: u8 = 4;
const DECISION: u8 = 5;

/// The content of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// A text for everybody.
    Text(String),
    /// The sender's new name.
    Name(Option<String>),
    /// New approvals of those who are in.
    Approvals(Vec<SignedStatement<Approval>>),
    /// The devices in the lobby, for co-admins.
    Lobby(Vec<WaitingDevice>),
    /// The decision of a co-admin, for the devices of admins.
    Decision(CoAdminDecision),
}

impl Content {
    pub(crate) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::new());
        match self {
            Self::Text(text) => {
                bytes.push(TEXT);
                bytes.extend_from_slice(text.as_bytes());
            }
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
            TEXT => {
                let text = clean_text(core::str::from_utf8(rest).ok()?);
                (!text.is_empty()).then_some(Self::Text(text))
            }
            NAME => core::str::from_utf8(rest)
                .ok()
                .map(|name| Self::Name(clean_name(name))),
            APPROVALS => approvals(rest).map(Self::Approvals),
            LOBBY => waiting(rest).map(Self::Lobby),
            DECISION => CoAdminDecision::read(rest).map(Self::Decision),
            _ => None,
        }
    }
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
        let (device, after) = WaitingDevice::read(rest)?;
        devices.push(device);
        rest = after;
    }
    Some(devices)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_names_come_as_they_can_be_displayed() {
        let text = Content::Text("one\u{202e}\ttwo\r\nthree\n\n".to_owned());
        let read = Content::parse(&text.to_bytes()).unwrap();
        assert_eq!(read, Content::Text("one    two\nthree".to_owned()));
        let name = Content::Name(Some("A\u{7}nn".to_owned()));
        let read = Content::parse(&name.to_bytes()).unwrap();
        assert_eq!(read, Content::Name(Some("Ann".to_owned())));
        assert_eq!(Content::parse(&[NAME]), Some(Content::Name(None)));
        for other in [
            &b""[..],
            &[TEXT],
            &[TEXT, 0xff],
            &[9, 9],
            &[APPROVALS, 0, 9, 1],
        ] {
            assert_eq!(Content::parse(other), None);
        }
    }
}
