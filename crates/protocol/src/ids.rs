//! Accounts as the protocol names them (section 4).

use core::fmt;

use rand_core::CryptoRng;
use uuid::Uuid;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::ParseError;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// Sensitive: `Debug` shows nothing of it, and there is no `Display`.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// From the UUID's 16 bytes, in the order of its text.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The UUID's 16 bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }

            /// A fresh random (version 4) id.
            pub fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
                let mut bytes = [0; 16];
                rng.fill_bytes(&mut bytes);
                Self(*uuid::Builder::from_random_bytes(bytes).as_uuid().as_bytes())
            }

            /// Parses the hyphenated text of a UUID, in either case.
            ///
            /// # Errors
            /// Any other text, the UUID's other notations included.
            pub fn parse(text: &str) -> Result<Self, ParseError> {
                if text.len() != 36 {
                    return Err(ParseError);
                }
                Uuid::try_parse(text)
                    .map(|uuid| Self(*uuid.as_bytes()))
                    .map_err(|_| ParseError)
            }

            /// The hyphenated lower-case text.
            #[must_use]
            pub fn to_uuid_string(&self) -> String {
                format!("{}", Uuid::from_bytes(self.0).hyphenated())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

uuid_id! {
    /// An account id.
    Aci
}
uuid_id! {
    /// A phone-number id.
    Pni
}

/// An account, by either of its ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServiceId {
    /// By its account id.
    Aci(Aci),
    /// By its phone-number id.
    Pni(Pni),
}

impl ServiceId {
    /// The text form: the UUID, for a PNI with the prefix `PNI:`.
    #[must_use]
    pub fn to_service_id_string(&self) -> String {
        match self {
            Self::Aci(aci) => aci.to_uuid_string(),
            Self::Pni(pni) => format!("PNI:{}", pni.to_uuid_string()),
        }
    }

    /// Parses the text form.
    ///
    /// # Errors
    /// Any other text.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        match text.strip_prefix("PNI:") {
            Some(uuid) => Pni::parse(uuid).map(Self::Pni),
            None => Aci::parse(text).map(Self::Aci),
        }
    }

    /// The UUID's 16 bytes, without the kind.
    #[must_use]
    pub const fn uuid_bytes(&self) -> &[u8; 16] {
        match self {
            Self::Aci(aci) => aci.as_bytes(),
            Self::Pni(pni) => pni.as_bytes(),
        }
    }
}

impl From<Aci> for ServiceId {
    fn from(aci: Aci) -> Self {
        Self::Aci(aci)
    }
}

impl From<Pni> for ServiceId {
    fn from(pni: Pni) -> Self {
        Self::Pni(pni)
    }
}

/// A per-account secret that stands in for the PNI of an account that has none (section 6).
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct AuthSalt([u8; 32]);

impl AuthSalt {
    /// A fresh salt.
    pub fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// From stored bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

anteroom_kvac::redacted_debug!(AuthSalt);
