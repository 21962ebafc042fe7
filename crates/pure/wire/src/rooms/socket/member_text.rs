//! Member keys as base64url without padding (RFC 4648, section 5).

use anteroom_protocol::MemberKey;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer, de};
use serde_json::Value;

pub(super) fn serialize<S: Serializer>(
    member: &Option<MemberKey>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let text = member.map(|member| URL_SAFE_NO_PAD.encode(member.as_bytes()));
    text.serialize(serializer)
}

/// Reads no other text than that of a key.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<MemberKey>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else {
        return Ok(None);
    };
    parse(&text)
        .map(Some)
        .ok_or_else(|| de::Error::custom("not base64url of 32 bytes"))
}

/// Reads any value but the text of a key as none.
pub(super) fn deserialize_or_none<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<MemberKey>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(value.as_str().and_then(parse))
}

fn parse(text: &str) -> Option<MemberKey> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    bytes.try_into().ok().map(MemberKey::from_bytes)
}
