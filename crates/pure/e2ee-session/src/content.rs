//! The content of the application messages of a session.
//!
//! A kind (1), then: `01`, a text in UTF-8; `02`, a name in UTF-8; `03`, approvals, each with its length (2)
//! before it. Readers leave out other kinds.

use anteroom_e2ee::{Approval, SignedStatement};
use anteroom_protocol::printable;
use zeroize::Zeroizing;

const TEXT: u8 = 1;
const NAME: u8 = 2;
const APPROVALS: u8 = 3;

/// The maximum length of a name, in characters.
const MAX_NAME_CHARS: usize = 60;

/// The content of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// A text for everybody.
    Text(String),
    /// The sender's new name.
    Name(Option<String>),
    /// New approvals of those who are in.
    Approvals(Vec<SignedStatement<Approval>>),
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

/// Returns a name as it can be displayed; `None` if nothing of it is visible.
pub(crate) fn clean_name(name: &str) -> Option<String> {
    Some(printable(name, MAX_NAME_CHARS)).filter(|name| !name.is_empty())
}

/// Returns the lines of a text as they can be displayed, without empty lines at the end.
pub(crate) fn clean_text(text: &str) -> String {
    let lines = text
        .lines()
        .map(|line| printable(&line.replace('\t', "    "), usize::MAX));
    let lines: Vec<String> = lines.collect();
    lines.join("\n").trim_end().to_owned()
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
