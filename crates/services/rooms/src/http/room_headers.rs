//! The headers that name a room: `X-Room-Id` and `X-Epoch`.

use anteroom_http_server::Problem;
use anteroom_store::{Epoch, LinkAddress, OpaqueRoomId};
use http::{HeaderMap, HeaderName};

use super::problems::{ROOM_EPOCH_INVALID, ROOM_ID_INVALID};
use crate::domain::room_id::{is_hex, parse_room};

pub(crate) const X_ROOM_ID: HeaderName = HeaderName::from_static("x-room-id");
pub(crate) const X_EPOCH: HeaderName = HeaderName::from_static("x-epoch");

/// Parses the link of `X-Room-Id` and `X-Epoch`.
///
/// # Errors
/// 400 for a room id that is missing, repeated or malformed, and for an epoch that is repeated or
/// malformed.
pub(crate) fn link_of_headers(headers: &HeaderMap) -> Result<LinkAddress, Problem> {
    let room = room_of_headers(headers)?.ok_or(Problem::new(&ROOM_ID_INVALID))?;
    let epoch = epoch_of_headers(headers)?;
    Ok(LinkAddress { room, epoch })
}

/// Parses the link as [`link_of_headers`] does, and accepts only room ids that are hex.
///
/// # Errors
/// 400, also for a room id that is not hex.
pub(crate) fn hex_link_of_headers(headers: &HeaderMap) -> Result<LinkAddress, Problem> {
    let link = link_of_headers(headers)?;
    match is_hex(&link.room) {
        true => Ok(link),
        false => Err(Problem::new(&ROOM_ID_INVALID)),
    }
}

/// Parses `X-Room-Id`; `None` if there is none.
///
/// # Errors
/// 400 for a header that is repeated or malformed.
pub(crate) fn room_of_headers(headers: &HeaderMap) -> Result<Option<OpaqueRoomId>, Problem> {
    single(headers, &X_ROOM_ID)
        .and_then(|text| text.map(|text| parse_room(text).ok_or(())).transpose())
        .map_err(|()| Problem::new(&ROOM_ID_INVALID))
}

pub(crate) fn epoch_of_headers(headers: &HeaderMap) -> Result<Option<Epoch>, Problem> {
    single(headers, &X_EPOCH)
        .and_then(|text| text.map(|text| parse_epoch(text).ok_or(())).transpose())
        .map_err(|()| Problem::new(&ROOM_EPOCH_INVALID))
}

/// Parses digits only. `str::parse` would accept a sign.
fn parse_epoch(text: &str) -> Option<Epoch> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok().map(Epoch::new)).flatten()
}

/// Returns the value of a header that may occur once.
///
/// # Errors
/// The header is repeated, or is no text.
pub(crate) fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, ()> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| ()),
        (Some(_), Some(_)) => Err(()),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(name: &HeaderName, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            headers.append(name, value);
        }
        headers
    }

    #[test]
    fn a_room_id_stands_exactly_once_and_is_short_and_plain() {
        let longest = "a".repeat(128);
        let too_long = "a".repeat(129);
        for (values, expected) in [
            (&["ab12"][..], Some("ab12")),
            (&["AB12"], Some("ab12")),
            (&["Room_7"], Some("Room_7")),
            (&[longest.as_str()], Some(longest.as_str())),
            (&[], None),
            (&[""], None),
            (&["a:b"], None),
            (&["a b"], None),
            (&["\u{e9}"], None),
            (&[too_long.as_str()], None),
            (&["ab", "ab"], None),
        ] {
            let got = link_of_headers(&headers(&X_ROOM_ID, values)).ok();
            let got = got.as_ref().map(|link| link.room.as_str());
            assert_eq!(got, expected, "{values:?}");
        }
    }

    #[test]
    fn an_epoch_stands_at_most_once_and_is_a_decimal_u32() {
        for (values, expected) in [
            (&[][..], Ok(None)),
            (&["0"], Ok(Some(0))),
            (&["4294967295"], Ok(Some(u32::MAX))),
            (&["4294967296"], Err(())),
            (&["-1"], Err(())),
            (&["+1"], Err(())),
            (&["0x1"], Err(())),
            (&[""], Err(())),
            (&["1", "1"], Err(())),
        ] {
            let got = epoch_of_headers(&headers(&X_EPOCH, values));
            let got = got.map(|epoch| epoch.map(Epoch::as_u32)).map_err(|_| ());
            assert_eq!(got, expected, "{values:?}");
        }
    }
}
