//! Values of a fixed number of bytes.

use crate::ParseError;

/// Gives a struct of `N` bytes `from_bytes` and `as_bytes`, and with `random` a constructor that draws it.
macro_rules! fixed_bytes {
    ($type:ident[$length:expr]) => {
        impl $type {
            /// Creates the value from its bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $length]) -> Self {
                Self(bytes)
            }

            /// Returns the bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $length] {
                &self.0
            }
        }
    };
    ($type:ident[$length:expr], random) => {
        fixed_bytes!($type[$length]);

        impl $type {
            /// Draws a new value.
            pub fn random<R: rand_core::CryptoRng + ?Sized>(rng: &mut R) -> Self {
                let mut bytes = [0; $length];
                rng.fill_bytes(&mut bytes);
                Self(bytes)
            }
        }
    };
}

/// Parses exactly `N` bytes in lower-case hex.
pub(crate) fn parse_hex<const N: usize>(text: &str) -> Result<[u8; N], ParseError> {
    let mut bytes = [0; N];
    if !is_lower_hex(text) || hex::decode_to_slice(text, &mut bytes).is_err() {
        return Err(ParseError);
    }
    Ok(bytes)
}

pub(crate) fn is_lower_hex(text: &str) -> bool {
    text.bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
