//! The text of a passkey.

use anteroom_protocol::AdminPasskey;
use zeroize::Zeroizing;

use crate::wire;

/// Returns a passkey in base64.
pub(crate) fn passkey_text(passkey: &AdminPasskey) -> Zeroizing<String> {
    Zeroizing::new(wire::encode(passkey.as_bytes()))
}
