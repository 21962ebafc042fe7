//! What goes into sealed messages: small JSON documents.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The longest name that is shown, in characters.
const MAX_NAME_CHARS: usize = 60;

/// One message of a call's conversation. Kinds that are not known are left out by readers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Chat {
    /// What a device wants to be called. Sent when it joins and when others do.
    Hello {
        /// The name.
        name: String,
    },
    /// A line for everybody.
    Text {
        /// The line.
        text: String,
    },
}

impl Chat {
    /// The JSON to be sealed.
    ///
    /// # Errors
    /// None in practice; JSON's own.
    pub fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
        serde_json::to_vec(self).map(Zeroizing::new)
    }

    /// Reads an opened message. Its texts have no control characters, so that they can be shown.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(match serde_json::from_slice(bytes).ok()? {
            Self::Hello { name } => Self::Hello {
                name: printable(&name, MAX_NAME_CHARS),
            },
            Self::Text { text } => Self::Text {
                text: printable(&text, usize::MAX),
            },
        })
    }
}

/// A text of the other side without what could drive a terminal or turn its writing direction.
pub(crate) fn printable(text: &str, most: usize) -> String {
    text.chars()
        .filter(|character| !character.is_control() && !is_invisible(*character))
        .take(most)
        .collect()
}

const fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_back_without_what_drives_a_terminal() {
        let chat = Chat::Text {
            text: "a\u{1b}[2Jb\u{202e}c\n".to_owned(),
        };
        let read = Chat::from_bytes(&chat.to_bytes().unwrap()).unwrap();
        let text = "a[2Jbc".to_owned();
        assert_eq!(read, Chat::Text { text });
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        for bytes in [&b"{}"[..], b"", b"[1]", br#"{"type":"dance"}"#, b"\xff"] {
            assert_eq!(Chat::from_bytes(bytes), None);
        }
        let more = br#"{"type":"hello","name":"Ann","hat":"red"}"#;
        let name = "Ann".to_owned();
        assert_eq!(Chat::from_bytes(more), Some(Chat::Hello { name }));
    }
}
