//! A passkey as text and in bodies.

use anteroom_protocol::AdminPasskey;
use anteroom_wire::Base64;
use zeroize::Zeroizing;

use crate::wire;

/// Returns a passkey in base64.
pub(crate) fn passkey_text(passkey: &AdminPasskey) -> Zeroizing<String> {
    Zeroizing::new(wire::encode(passkey.as_bytes()))
}

/// Returns a passkey as a member of a body.
pub(crate) fn passkey_body(passkey: &AdminPasskey) -> Base64 {
    let bytes: &[u8] = passkey.as_bytes();
    Base64::from(bytes)
}
