//! Public keys of Ed25519, one type for each role, so that none is taken for another.

/// The error for bytes that are no usable public key: not 32 bytes, not a canonical point, or a point of
/// small order, under which one signature holds for many messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("these bytes are no Ed25519 public key")]
pub struct PublicKeyError;

/// Parses a public key.
pub(super) fn parse(bytes: &[u8]) -> Result<ed25519_dalek::VerifyingKey, PublicKeyError> {
    let bytes = bytes.try_into().map_err(|_| PublicKeyError)?;
    let key = ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_| PublicKeyError)?;
    if key.is_weak() || !has_canonical_y(bytes) {
        return Err(PublicKeyError);
    }
    Ok(key)
}

/// Returns whether the y-coordinate of an encoding is below the field's prime, 2^255 - 19. Decompression accepts
/// others, and also a sign of the x-coordinate 0, which points of small order alone have.
fn has_canonical_y(bytes: &[u8; 32]) -> bool {
    let [first, middle @ .., last] = bytes;
    let is_canonical_by_middle = middle.iter().any(|byte| *byte != 0xff);
    is_canonical_by_middle || last & 0x7f != 0x7f || *first < 0xed
}

/// Defines the public and the secret key of a role. The secret key is wiped on drop; `Debug` shows nothing of
/// either.
macro_rules! key_pair {
    ($(#[$secret_doc:meta])* $secret:ident, $(#[$public_doc:meta])* $public:ident) => {
        $(#[$secret_doc])*
        #[derive(Clone)]
        pub struct $secret(ed25519_dalek::SigningKey);

        $(#[$public_doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $public(ed25519_dalek::VerifyingKey);

        impl $secret {
            /// Returns the public half.
            #[must_use]
            pub fn public(&self) -> $public {
                $public(self.0.verifying_key())
            }
        }

        impl $public {
            /// Parses the 32 bytes of RFC 8032.
            ///
            /// # Errors
            /// The bytes are no canonical encoding of a point of large order.
            pub fn from_bytes(bytes: &[u8]) -> Result<Self, $crate::PublicKeyError> {
                $crate::keys::public_key::parse(bytes).map(Self)
            }

            /// Returns the 32 bytes of RFC 8032.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; 32] {
                self.0.as_bytes()
            }
        }

        impl $crate::keys::SigningRole for $secret {
            fn signing_key(&self) -> &ed25519_dalek::SigningKey {
                &self.0
            }
        }

        impl $crate::keys::VerifyingRole for $public {
            fn verifying_key(&self) -> &ed25519_dalek::VerifyingKey {
                &self.0
            }
        }

        anteroom_protocol::redacted_debug!($secret);
        anteroom_protocol::redacted_debug!($public);
    };
}

pub(super) use key_pair;
