//! The body of `PUT /v2/conference/participants`.

use anteroom_http_server::Problem;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    problems::{JOIN_INCOMPLETE, JOIN_INVALID},
    wire::Base64,
};

/// The length of a Diffie-Hellman public key, in bytes.
const KEY_LENGTH: usize = 32;
/// The maximum length of `iceUfrag` and of `icePwd`, in bytes: the maximum that ICE allows.
const MAX_ICE_LENGTH: usize = 256;
/// The maximum number of bytes that `hkdfExtraInfo` encodes.
const MAX_EXTRA_INFO: usize = 256;

/// The body of a join. Unknown members are ignored, because newer clients may send them.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JoinBody {
    /// The right passkey makes the client an admin of the call. A wrong one counts as none.
    #[schema(
        value_type = Option<String>,
        content_encoding = "base64",
        pattern = "^[A-Za-z0-9+/]*={0,2}$"
    )]
    pub(crate) admin_passkey: Option<Base64>,
    /// 1 to 256 characters of printable ASCII.
    #[schema(
        min_length = 1,
        max_length = 256,
        pattern = "^[!-~]+$",
        example = "f1uT"
    )]
    pub(crate) ice_ufrag: String,
    /// 1 to 256 characters of printable ASCII.
    #[schema(
        min_length = 1,
        max_length = 256,
        pattern = "^[!-~]+$",
        example = "4VbK8cRmQz1yT0nWd6sLpA3e"
    )]
    pub(crate) ice_pwd: String,
    /// 32 bytes in hex.
    #[schema(
        pattern = "^[0-9A-Fa-f]{64}$",
        example = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
    )]
    pub(crate) dhe_public_key: String,
    /// At most 256 bytes in hex.
    #[schema(max_length = 512, pattern = "^(?:[0-9A-Fa-f]{2})*$")]
    pub(crate) hkdf_extra_info: Option<String>,
}

impl JoinBody {
    /// Checks the members that go to a media server, before any look-up or write.
    ///
    /// # Errors
    /// 400 for a required member that is empty; 422 for a key that is not hex of 32 bytes, extra
    /// info that is not hex, ICE members that are not printable ASCII, and members that are too long.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        let required = [&self.ice_ufrag, &self.ice_pwd, &self.dhe_public_key];
        if required.iter().any(|member| member.is_empty()) {
            return Err(Problem::new(&JOIN_INCOMPLETE));
        }
        let ice = [&self.ice_ufrag, &self.ice_pwd];
        let fits = ice.iter().all(|member| is_ice_text(member))
            && decoded_length(&self.dhe_public_key) == Some(KEY_LENGTH)
            && self.hkdf_extra_info.as_deref().is_none_or(|info| {
                decoded_length(info).is_some_and(|length| length <= MAX_EXTRA_INFO)
            });
        if fits {
            Ok(())
        } else {
            Err(Problem::new(&JOIN_INVALID))
        }
    }
}

/// Returns whether the text can be an attribute of ICE: printable ASCII without white space.
fn is_ice_text(text: &str) -> bool {
    text.len() <= MAX_ICE_LENGTH && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Returns the number of bytes that the hex text encodes; `None` if it is not hex.
fn decoded_length(text: &str) -> Option<usize> {
    hex::decode(text).ok().map(|bytes| bytes.len())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn members_are_held_to_their_lengths_and_their_encoding() {
        let text = |length: usize| json!("x".repeat(length));
        let hex = |bytes: usize| json!("Ab".repeat(bytes));
        for (member, value, expected) in [
            ("iceUfrag", text(1), None),
            ("iceUfrag", text(256), None),
            ("iceUfrag", text(257), Some(422)),
            ("iceUfrag", json!("a\r\nb"), Some(422)),
            ("iceUfrag", json!("a b"), Some(422)),
            ("iceUfrag", json!("\u{e9}"), Some(422)),
            ("icePwd", json!("a\0b"), Some(422)),
            ("iceUfrag", text(0), Some(400)),
            ("icePwd", text(256), None),
            ("icePwd", text(257), Some(422)),
            ("icePwd", text(0), Some(400)),
            ("dhePublicKey", hex(32), None),
            ("dhePublicKey", hex(0), Some(400)),
            ("dhePublicKey", hex(31), Some(422)),
            ("dhePublicKey", hex(33), Some(422)),
            ("dhePublicKey", text(64), Some(422)),
            ("dhePublicKey", json!("a".repeat(63)), Some(422)),
            ("hkdfExtraInfo", Value::Null, None),
            ("hkdfExtraInfo", hex(0), None),
            ("hkdfExtraInfo", hex(256), None),
            ("hkdfExtraInfo", hex(257), Some(422)),
            ("hkdfExtraInfo", json!("abc"), Some(422)),
            ("hkdfExtraInfo", text(2), Some(422)),
        ] {
            let mut body = json!({"iceUfrag": "u", "icePwd": "p", "dhePublicKey": hex(32)});
            body[member] = value.clone();
            let body: JoinBody = serde_json::from_value(body).unwrap();
            let status = body
                .check()
                .err()
                .map(|problem| problem.kind().status.as_u16());
            assert_eq!(status, expected, "{member} {value}");
        }
    }
}
