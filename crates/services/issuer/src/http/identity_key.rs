//! The header in which a device names its identity key.

use anteroom_protocol::ParseError;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderName};

/// A header rather than a part of the query, which proxies write into their logs.
const IDENTITY_KEY: HeaderName = HeaderName::from_static("anteroom-identity-key");

/// Returns the bytes of the identity key that a request names, if it names one. They are parsed after the
/// limit of the account.
///
/// # Errors
/// The value is no base64url without padding of 32 bytes, or there are several.
pub(crate) fn identity_key(headers: &HeaderMap) -> Result<Option<[u8; 32]>, ParseError> {
    let mut values = headers.get_all(IDENTITY_KEY).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(ParseError);
    }
    let bytes = URL_SAFE_NO_PAD.decode(value).map_err(|_| ParseError)?;
    let key = bytes.try_into().map_err(|_| ParseError)?;
    Ok(Some(key))
}
