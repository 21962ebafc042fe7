//! The ids of rooms.

use anteroom_protocol::RoomId;
use anteroom_store::OpaqueRoomId;

/// The prefix of a link's room id in call records.
pub(crate) const LINK_PREFIX: &str = "adhoc:";

/// Parses the id of a link's or group's room: 1 to 128 printable ASCII characters without a colon.
/// Hex is put in lower case, so that each room has one id.
pub(crate) fn parse_room(text: &str) -> Option<OpaqueRoomId> {
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex {
        OpaqueRoomId::parse(&text.to_ascii_lowercase()).ok()
    } else {
        OpaqueRoomId::parse(text).ok()
    }
}

pub(crate) fn is_hex(room: &OpaqueRoomId) -> bool {
    let text = room.as_str();
    text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Returns the room id of 32 bytes that a create presentation can name; `None` for any other id.
pub(crate) fn created_room(room: &OpaqueRoomId) -> Option<RoomId> {
    let bytes: [u8; 32] = hex::decode(room.as_str()).ok()?.try_into().ok()?;
    Some(RoomId::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hex_of_32_bytes_is_a_room_that_can_be_created() {
        for (text, hex, creatable) in [
            ("ab".repeat(32), true, true),
            ("ab".repeat(31), true, false),
            ("abc".to_owned(), false, false),
            ("xy".repeat(32), false, false),
        ] {
            let name = parse_room(&text).unwrap();
            assert_eq!(
                (is_hex(&name), created_room(&name).is_some()),
                (hex, creatable)
            );
        }
    }
}
