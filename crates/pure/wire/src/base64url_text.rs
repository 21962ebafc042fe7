//! Bytes as base64url without padding (RFC 4648, section 5), for members that may be missing.

use std::fmt::Display;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer, de};
use serde_json::Value;

/// Bytes of bounded length.
pub(crate) trait BoundedBytes: Sized {
    /// The error for bytes of another length.
    type Error: Display;

    /// Checks the length.
    fn from_bytes(bytes: Vec<u8>) -> Result<Self, Self::Error>;

    fn as_bytes(&self) -> &[u8];
}

pub(crate) fn serialize<T: BoundedBytes, S: Serializer>(
    bytes: &Option<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let bytes = bytes.as_ref();
    bytes
        .map(|bytes| URL_SAFE_NO_PAD.encode(bytes.as_bytes()))
        .serialize(serializer)
}

/// Refuses other texts.
pub(crate) fn deserialize<'de, T: BoundedBytes, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let bytes = URL_SAFE_NO_PAD.decode(text);
    let bytes = bytes.map_err(|_| de::Error::custom("not base64url without padding"))?;
    T::from_bytes(bytes).map(Some).map_err(de::Error::custom)
}

/// Takes any other value as none, for readers of what a later version may change.
pub(crate) fn deserialize_lossy<'de, T: BoundedBytes, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let bytes = value
        .as_str()
        .and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
    Ok(bytes.and_then(|bytes| T::from_bytes(bytes).ok()))
}

/// Implements [`BoundedBytes`] for types of the protocol.
macro_rules! bounded_bytes {
    ($($type:ident, $error:ident;)+) => {$(
        impl BoundedBytes for anteroom_protocol::$type {
            type Error = anteroom_protocol::$error;

            fn from_bytes(bytes: Vec<u8>) -> Result<Self, Self::Error> {
                Self::new(bytes)
            }

            fn as_bytes(&self) -> &[u8] {
                self.as_bytes()
            }
        }
    )+};
}

bounded_bytes! {
    ApprovalStatement, StatementLengthError;
    Hello, HelloLengthError;
}
