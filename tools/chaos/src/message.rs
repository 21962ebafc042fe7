//! The messages of the socket, as far as the room service can read them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

/// The first byte of a relay of a group message.
const GROUP_MESSAGE: u8 = 3;

/// The length of the header of a group message that is looked at: class, version, wire format, length and
/// group id, epoch.
const HEADER: usize = 1 + 2 + 2 + 1 + 20 + 8;

/// An epoch of a group of an era. Later ones of an era are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Epoch {
    pub(crate) era: [u8; 16],
    pub(crate) group: u32,
    pub(crate) epoch: u64,
}

/// The visible part of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MessageView {
    /// `joined`, with the era.
    Joined([u8; 16]),
    /// `commit`, with the numbers of the epoch that it ends.
    Commit(u32, u64),
    /// `welcome`, with the numbers of the epoch that it leads into.
    Welcome(u32, u64),
    /// An application message to all, with its epoch and length.
    GroupMessage(Epoch, usize),
    /// An application message to one device.
    MessageToOne,
    /// `refuse`.
    Refuse,
    /// A message of this type.
    Other(String),
}

/// Returns the visible part of a message.
pub(crate) fn look(text: &str) -> MessageView {
    let Ok(message) = serde_json::from_str::<Value>(text) else {
        return MessageView::Other("unreadable".to_owned());
    };
    let text = |name: &str| {
        let text = message.get(name).and_then(Value::as_str);
        text.unwrap_or_default()
    };
    let number = |name: &str| {
        let number = message.get(name).and_then(Value::as_u64);
        number.unwrap_or_default()
    };
    let group = u32::try_from(number("group")).unwrap_or_default();
    match text("type") {
        "joined" => MessageView::Joined(era_of(text("eraId"))),
        "commit" => MessageView::Commit(group, number("epoch")),
        "welcome" => MessageView::Welcome(group, number("epoch")),
        "refuse" => MessageView::Refuse,
        "relay" => {
            let body = text("body");
            // The base64 of the header, and no part of a group of four characters.
            let start = body.get(..HEADER.div_ceil(3) * 4).unwrap_or(body);
            let start = STANDARD.decode(start).unwrap_or_default();
            match epoch_of(&start) {
                Some(_) if message.get("to").is_some_and(Value::is_number) => {
                    MessageView::MessageToOne
                }
                Some(epoch) => MessageView::GroupMessage(epoch, body.len() / 4 * 3),
                None => MessageView::Other("relay".to_owned()),
            }
        }
        other => MessageView::Other(other.to_owned()),
    }
}

fn era_of(hex: &str) -> [u8; 16] {
    let mut era = [0; 16];
    for (byte, digits) in era.iter_mut().zip(hex.as_bytes().chunks(2)) {
        let digits = std::str::from_utf8(digits).unwrap_or_default();
        *byte = u8::from_str_radix(digits, 16).unwrap_or_default();
    }
    era
}

/// Returns the epoch of a group message, which stands in the clear before it (RFC 9420, sections 6 and 6.3).
fn epoch_of(body: &[u8]) -> Option<Epoch> {
    let (class, rest) = body.split_first()?;
    let (_version_and_format, rest) = rest.split_first_chunk::<4>()?;
    let (length, rest) = rest.split_first()?;
    let (era, rest) = rest.split_first_chunk::<16>()?;
    let (group, rest) = rest.split_first_chunk::<4>()?;
    let (epoch, _) = rest.split_first_chunk::<8>()?;
    (*class == GROUP_MESSAGE && *length == 20).then_some(Epoch {
        era: *era,
        group: u32::from_be_bytes(*group),
        epoch: u64::from_be_bytes(*epoch),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_message_shows_its_epoch_and_length() {
        let mut body = vec![3, 0, 1, 0, 2, 20];
        body.extend([7; 16]);
        body.extend([0, 0, 0, 2]);
        body.extend([0, 0, 0, 0, 0, 0, 0, 9]);
        body.extend([1; 60]);
        let text = |to: &str| {
            let body = STANDARD.encode(&body);
            format!(r#"{{"type":"relay","to":{to},"body":"{body}"}}"#)
        };
        let epoch = Epoch {
            era: [7; 16],
            group: 2,
            epoch: 9,
        };
        assert_eq!(look(&text("\"all\"")), MessageView::GroupMessage(epoch, 96));
        assert_eq!(look(&text("16")), MessageView::MessageToOne);
        let joined = r#"{"type":"joined","eraId":"0102030405060708090a0b0c0d0e0f10"}"#;
        let MessageView::Joined(era) = look(joined) else {
            unreachable!("it is a joined")
        };
        assert_eq!((era[0], era[15]), (1, 16));
        let commit = r#"{"type":"commit","group":1,"epoch":4,"body":""}"#;
        assert_eq!(look(commit), MessageView::Commit(1, 4));
        assert_eq!(look("{"), MessageView::Other("unreadable".to_owned()));
    }
}
