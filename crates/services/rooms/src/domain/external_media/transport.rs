//! The parameters of a client's connection to a media server.

/// The length of a Diffie-Hellman public key, in bytes.
const KEY_LENGTH: usize = 32;
/// The maximum length of `ice_ufrag` and of `ice_pwd`, in bytes: the maximum that ICE allows.
const MAX_ICE_LENGTH: usize = 256;
/// The maximum number of bytes that `hkdf_extra_info` encodes.
const MAX_EXTRA_INFO: usize = 256;

/// The parameters of a client's connection to a media server, as the client sends them.
pub(crate) struct ClientTransport {
    pub(crate) ice_ufrag: String,
    pub(crate) ice_pwd: String,
    pub(crate) dhe_public_key: String,
    pub(crate) hkdf_extra_info: Option<String>,
}

/// The reason why a media server could not use the parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TransportError {
    /// A required parameter is empty.
    Incomplete,
    /// The key is not hex of 32 bytes, the extra info is not hex, an ICE parameter is not printable
    /// ASCII, or a parameter is too long.
    Invalid,
}

impl ClientTransport {
    /// Checks the parameters, before any look-up or write.
    pub(crate) fn check(&self) -> Result<(), TransportError> {
        let required = [&self.ice_ufrag, &self.ice_pwd, &self.dhe_public_key];
        if required.iter().any(|member| member.is_empty()) {
            return Err(TransportError::Incomplete);
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
            Err(TransportError::Invalid)
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
    use super::*;

    #[test]
    fn members_are_held_to_their_lengths_and_their_encoding() {
        const GOOD: Result<(), TransportError> = Ok(());
        const INVALID: Result<(), TransportError> = Err(TransportError::Invalid);
        const INCOMPLETE: Result<(), TransportError> = Err(TransportError::Incomplete);
        let text = |length: usize| "x".repeat(length);
        let hex = |bytes: usize| "Ab".repeat(bytes);
        for (member, value, expected) in [
            ("iceUfrag", text(1), GOOD),
            ("iceUfrag", text(256), GOOD),
            ("iceUfrag", text(257), INVALID),
            ("iceUfrag", "a\r\nb".to_owned(), INVALID),
            ("iceUfrag", "a b".to_owned(), INVALID),
            ("iceUfrag", "\u{e9}".to_owned(), INVALID),
            ("icePwd", "a\0b".to_owned(), INVALID),
            ("iceUfrag", text(0), INCOMPLETE),
            ("icePwd", text(256), GOOD),
            ("icePwd", text(257), INVALID),
            ("icePwd", text(0), INCOMPLETE),
            ("dhePublicKey", hex(32), GOOD),
            ("dhePublicKey", hex(0), INCOMPLETE),
            ("dhePublicKey", hex(31), INVALID),
            ("dhePublicKey", hex(33), INVALID),
            ("dhePublicKey", text(64), INVALID),
            ("dhePublicKey", "a".repeat(63), INVALID),
            ("hkdfExtraInfo", hex(0), GOOD),
            ("hkdfExtraInfo", hex(256), GOOD),
            ("hkdfExtraInfo", hex(257), INVALID),
            ("hkdfExtraInfo", "abc".to_owned(), INVALID),
            ("hkdfExtraInfo", text(2), INVALID),
        ] {
            let mut transport = ClientTransport {
                ice_ufrag: "u".to_owned(),
                ice_pwd: "p".to_owned(),
                dhe_public_key: hex(32),
                hkdf_extra_info: None,
            };
            match member {
                "iceUfrag" => transport.ice_ufrag.clone_from(&value),
                "icePwd" => transport.ice_pwd.clone_from(&value),
                "dhePublicKey" => transport.dhe_public_key.clone_from(&value),
                _ => transport.hkdf_extra_info = Some(value.clone()),
            }
            assert_eq!(transport.check(), expected, "{member} {value}");
        }
    }
}
