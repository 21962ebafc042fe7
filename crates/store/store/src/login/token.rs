//! Random secrets that are shown once and stored as keyed hashes.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{bytes::opaque_bytes, opaque_debug::opaque_debug};

/// The length of a secret, in characters.
const CHARACTERS: usize = 43;

macro_rules! secret {
    ($(#[doc = $doc:literal])* $name:ident) => {
        $(#[doc = $doc])*
        ///
        /// 32 random bytes as 43 characters of base64url. `Debug` does not show it, and it is wiped
        /// on drop.
        #[derive(Clone)]
        pub struct $name(Zeroizing<String>);

        impl $name {
            /// Draws a random secret.
            pub fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
                Self(draw(rng))
            }

            /// Parses a text of the right shape; `None` for any other.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                has_shape(text).then(|| Self(Zeroizing::new(text.to_owned())))
            }

            /// Returns the text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        opaque_debug!($name);
    };
}

secret! {
    /// The token that continues a session. It works once.
    RefreshToken
}

impl RefreshToken {
    /// Creates the token from its bytes.
    pub(crate) fn of_bytes(bytes: &Zeroizing<[u8; 32]>) -> Self {
        Self(Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice())))
    }
}

secret! {
    /// The token in the link of a mail. It works once.
    EmailToken
}
secret! {
    /// The code for a sign-up where sign-up is by invitation. It works once.
    InviteCode
}

/// The purpose of the link in a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailTokenPurpose {
    /// To confirm the address.
    VerifyEmail,
    /// To choose a new password.
    ResetPassword,
}

impl EmailTokenPurpose {
    /// Returns the word that is part of a token's hash.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify email",
            Self::ResetPassword => "reset password",
        }
    }
}

opaque_bytes! {
    /// A keyed hash of a secret under which its row is found: 32 bytes.
    #[derive(Clone, Copy, PartialEq, Eq, Hash)]
    pub struct TokenHash([u8; 32]);
}

fn draw<R: CryptoRng + ?Sized>(rng: &mut R) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new([0; 32]);
    rng.fill_bytes(bytes.as_mut_slice());
    Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice()))
}

fn has_shape(text: &str) -> bool {
    let mut bytes = Zeroizing::new([0; 32]);
    text.len() == CHARACTERS
        && URL_SAFE_NO_PAD.decode_slice(text, bytes.as_mut_slice()) == Ok(bytes.len())
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    #[test]
    fn a_drawn_secret_has_the_shape_and_other_texts_have_not() {
        let mut rng = StdRng::seed_from_u64(1);
        let drawn = RefreshToken::random(&mut rng);
        let text = drawn.as_str();
        assert_eq!(RefreshToken::parse(text).unwrap().as_str(), text);
        assert_ne!(RefreshToken::random(&mut rng).as_str(), text);
        for wrong in [
            "",
            &text[1..],
            &format!("{text}A"),
            &format!("{text}="),
            &text.replace(&text[..1], "+"),
            &text.replace(&text[..1], " "),
            // A text with bits beyond the 32 bytes.
            &format!("{}B", "A".repeat(42)),
        ] {
            assert!(EmailToken::parse(wrong).is_none(), "{wrong}");
        }
        assert_eq!(format!("{drawn:?}"), "RefreshToken(..)");
    }
}
