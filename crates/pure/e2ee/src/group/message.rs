//! Application messages of members: confirmations, and the content of the caller (chat, names, reactions).
//!
//! The plaintext is a kind (1) and the sender's time (8), then: `00`, a confirmation, 55 zero bytes; `01`, the
//! content.

use anteroom_protocol::{ParseError, redacted_debug};
use zeroize::Zeroizing;

/// The length of the plaintext of a confirmation, in bytes.
const CONFIRMATION_LENGTH: usize = 64;

/// The length of kind and time.
const HEAD_LENGTH: usize = 9;

const CONFIRMATION: u8 = 0;
const CONTENT: u8 = 1;

/// The time of a message by the clock of its sender, in milliseconds. It never runs back. Times of one sender
/// can be compared with each other, and with nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SenderTime(u64);

impl SenderTime {
    /// Creates a time.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Returns the milliseconds.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }
}

/// A message between members.
#[derive(Clone, PartialEq, Eq)]
pub enum GroupMessage {
    /// The sender is in this epoch. Sent every 10 s by a device that sends no other message.
    Confirmation,
    /// Content of the caller.
    Content(Zeroizing<Vec<u8>>),
}

redacted_debug!(GroupMessage);

impl GroupMessage {
    /// The maximum length of content, in bytes: that of a relay body, less the frames around it.
    pub const MAX_CONTENT: usize = 64 * 1024 - 1024;

    /// The length of a content that is as long as a confirmation.
    pub const CONFIRMATION_CONTENT: usize = CONFIRMATION_LENGTH - HEAD_LENGTH;

    pub(super) fn to_bytes(&self, time: SenderTime) -> Zeroizing<Vec<u8>> {
        let (kind, content) = match self {
            Self::Confirmation => (CONFIRMATION, &[0; Self::CONFIRMATION_CONTENT][..]),
            Self::Content(content) => (CONTENT, &content[..]),
        };
        let mut bytes = Zeroizing::new(Vec::with_capacity(HEAD_LENGTH + content.len()));
        bytes.push(kind);
        bytes.extend_from_slice(&time.0.to_be_bytes());
        bytes.extend_from_slice(content);
        bytes
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<(SenderTime, Self), ParseError> {
        let (kind, rest) = bytes.split_first().ok_or(ParseError)?;
        let (time, rest) = rest.split_first_chunk::<8>().ok_or(ParseError)?;
        let time = SenderTime(u64::from_be_bytes(*time));
        let message = match *kind {
            CONFIRMATION => {
                let is_whole = bytes.len() == CONFIRMATION_LENGTH && rest.iter().all(|b| *b == 0);
                is_whole.then_some(Self::Confirmation).ok_or(ParseError)?
            }
            CONTENT if rest.len() <= Self::MAX_CONTENT => {
                Self::Content(Zeroizing::new(rest.to_vec()))
            }
            _ => return Err(ParseError),
        };
        Ok((time, message))
    }
}
