//! Application messages of members: confirmations, and the content of the caller (chat, names, reactions).
//!
//! The plaintext is a kind (1), then: `00`, a confirmation, 63 zero bytes; `01`, the content.

use anteroom_protocol::ParseError;
use zeroize::Zeroizing;

/// The length of the plaintext of a confirmation, in bytes.
const CONFIRMATION_LENGTH: usize = 64;

const CONFIRMATION: u8 = 0;
const CONTENT: u8 = 1;

/// A message between members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupMessage {
    /// The sender is in this epoch. Sent every 10 s by whoever sends no frames.
    Confirmation,
    /// Content of the caller.
    Content(Zeroizing<Vec<u8>>),
}

impl GroupMessage {
    /// The maximum length of content, in bytes: that of a relay body, less the frames around it.
    pub const MAX_CONTENT: usize = 64 * 1024 - 1024;

    pub(super) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Confirmation => Zeroizing::new(vec![CONFIRMATION; CONFIRMATION_LENGTH]),
            Self::Content(content) => {
                let mut bytes = Zeroizing::new(Vec::with_capacity(1 + content.len()));
                bytes.push(CONTENT);
                bytes.extend_from_slice(content);
                bytes
            }
        }
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        match bytes.split_first() {
            Some((&CONFIRMATION, rest)) => {
                let is_whole = bytes.len() == CONFIRMATION_LENGTH && rest.iter().all(|b| *b == 0);
                is_whole.then_some(Self::Confirmation).ok_or(ParseError)
            }
            Some((&CONTENT, content)) if content.len() <= Self::MAX_CONTENT => {
                Ok(Self::Content(Zeroizing::new(content.to_vec())))
            }
            _ => Err(ParseError),
        }
    }
}
