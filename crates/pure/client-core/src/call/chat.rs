//! The plaintext of sealed messages: small JSON documents.

use anteroom_protocol::{printable_lines, printable_name};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// One message of a call's conversation. Readers ignore messages of an unknown kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Chat {
    /// The name that a device gives itself. Sent when the device joins and again when others join.
    Hello {
        /// The name.
        name: String,
    },
    /// A text for every member.
    Text {
        /// The text, of one or more lines.
        text: String,
    },
}

impl Chat {
    /// Serializes the message to the JSON that is sealed.
    ///
    /// # Errors
    /// Only errors of the JSON serializer, which do not occur for these types.
    pub fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
        serde_json::to_vec(self).map(Zeroizing::new)
    }

    /// Parses an opened message; `None` if it is no message of a known kind. Removes from its texts the
    /// characters that hide text, turn its direction or control a terminal, so that the texts can be
    /// displayed. A text without a visible character becomes empty. Line ends become `\n`.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(match serde_json::from_slice(bytes).ok()? {
            Self::Hello { name } => Self::Hello {
                name: printable_name(&name).unwrap_or_default(),
            },
            Self::Text { text } => Self::Text {
                text: printable_lines(&text),
            },
        })
    }
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
    fn a_message_keeps_its_lines_and_a_name_is_one_line() {
        for (sent, shown) in [
            ("one\r\ntwo\n\n  three  \n\n", "one\ntwo\n\n  three"),
            ("a\tb", "a    b"),
            ("\n\n", ""),
            ("a\u{2028}b\u{85}c", "abc"),
        ] {
            let text = sent.to_owned();
            let message = Chat::Text { text }.to_bytes().unwrap();
            let text = shown.to_owned();
            assert_eq!(Chat::from_bytes(&message), Some(Chat::Text { text }));
        }
        let name = "Ann\nBob".to_owned();
        let hello = Chat::Hello { name }.to_bytes().unwrap();
        let name = "AnnBob".to_owned();
        assert_eq!(Chat::from_bytes(&hello), Some(Chat::Hello { name }));
    }

    #[test]
    fn names_and_lines_keep_the_joiners_of_scripts_and_emoji_and_lose_what_is_invisible() {
        for (sent, shown) in [
            (
                "\u{645}\u{6cc}\u{200c}\u{62e}",
                "\u{645}\u{6cc}\u{200c}\u{62e}",
            ),
            ("\u{1f468}\u{200d}\u{1f469}", "\u{1f468}\u{200d}\u{1f469}"),
            ("\u{2764}\u{fe0f}", "\u{2764}\u{fe0f}"),
            ("A\u{61c}n\u{ad}n", "Ann"),
            ("\u{2066}A\u{2069}", "A"),
            ("\u{200b}\u{3164}", ""),
        ] {
            let (sent, shown) = (sent.to_owned(), shown.to_owned());
            let hello = Chat::Hello { name: sent.clone() };
            let read = Chat::from_bytes(&hello.to_bytes().unwrap()).unwrap();
            let name = shown.clone();
            assert_eq!(read, Chat::Hello { name });
            let line = Chat::Text { text: sent };
            let read = Chat::from_bytes(&line.to_bytes().unwrap()).unwrap();
            assert_eq!(read, Chat::Text { text: shown });
        }
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
