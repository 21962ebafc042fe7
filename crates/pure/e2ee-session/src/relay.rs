//! The bodies of relays.

use crate::output::RelayClass;

const KEY_PACKAGE: u8 = 2;
const GROUP_MESSAGE: u8 = 3;
const STATEMENTS: u8 = 4;

/// The content of a relay of this layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RelayContent<'b> {
    /// A device asks to be added to a group with this number or a higher one.
    KeyPackage { group: u32, sealed: &'b [u8] },
    /// An application message.
    GroupMessage(&'b [u8]),
    /// The statements that a device which asks to be added knows, sealed.
    Statements(&'b [u8]),
}

impl<'b> RelayContent<'b> {
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        match self {
            Self::KeyPackage { group, sealed } => {
                [&[KEY_PACKAGE][..], &group.to_be_bytes(), sealed].concat()
            }
            Self::GroupMessage(message) => [&[GROUP_MESSAGE][..], message].concat(),
            Self::Statements(sealed) => [&[STATEMENTS][..], sealed].concat(),
        }
    }

    /// Parses a body; `None` for one of another layer.
    pub(crate) fn parse(body: &'b [u8]) -> Option<Self> {
        let (class, rest) = body.split_first()?;
        match *class {
            KEY_PACKAGE => {
                let (group, sealed) = rest.split_first_chunk::<4>()?;
                let group = u32::from_be_bytes(*group);
                Some(Self::KeyPackage { group, sealed })
            }
            GROUP_MESSAGE => Some(Self::GroupMessage(rest)),
            STATEMENTS => Some(Self::Statements(rest)),
            _ => None,
        }
    }
}

impl RelayClass {
    /// Returns the class of a received body, by its first byte; `None` for one of another layer. Confirmations
    /// look like all messages of the group.
    #[must_use]
    pub fn of(body: &[u8]) -> Option<Self> {
        match RelayContent::parse(body)? {
            RelayContent::KeyPackage { .. } => Some(Self::KeyPackage),
            RelayContent::GroupMessage(_) => Some(Self::GroupMessage),
            RelayContent::Statements(_) => Some(Self::Statements),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_what_it_was_made_from() {
        for content in [
            RelayContent::KeyPackage {
                group: 0x0102_0304,
                sealed: b"sealed",
            },
            RelayContent::GroupMessage(b"message"),
            RelayContent::Statements(b"sealed"),
        ] {
            let body = content.to_bytes();
            assert_eq!(RelayContent::parse(&body), Some(content));
        }
        for other in [&b""[..], &[1, 2, 3], &[2, 0, 0, 0], &[5, 6]] {
            assert_eq!(RelayContent::parse(other), None);
        }
    }
}
