//! The identifiers of accounts (section 4) and of their devices.

use core::{fmt, num::NonZeroU32};

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

        // The UUID's 16 bytes, in the order of its text.
        fixed_bytes!($name[16]);

        impl $name {
            /// Draws a random (version 4) id.
            pub fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
                let mut bytes = [0; 16];
                rng.fill_bytes(&mut bytes);
                Self(*uuid::Builder::from_random_bytes(bytes).as_uuid().as_bytes())
            }

            /// Parses the hyphenated text of a UUID, in either case.
            ///
            /// # Errors
            /// The text has another form, the UUID's other notations included.
            pub fn parse(text: &str) -> Result<Self, ParseError> {
                if text.len() != 36 {
                    return Err(ParseError);
                }
                Uuid::try_parse(text)
                    .map(|uuid| Self(*uuid.as_bytes()))
                    .map_err(|_| ParseError)
            }

            /// Returns the hyphenated lower-case text.
            #[must_use]
            pub fn to_uuid_string(&self) -> String {
                format!("{}", Uuid::from_bytes(self.0).hyphenated())
            }
        }

        anteroom_kvac::redacted_debug!($name);
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

/// An account, named by one of its ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServiceId {
    /// The account id.
    Aci(Aci),
    /// The phone-number id.
    Pni(Pni),
}

impl ServiceId {
    /// Returns the text form: the UUID, for a PNI with the prefix `PNI:`.
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
    /// The text has another form.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        match text.strip_prefix("PNI:") {
            Some(uuid) => Pni::parse(uuid).map(Self::Pni),
            None => Aci::parse(text).map(Self::Aci),
        }
    }

    /// Returns the UUID's 16 bytes, without the kind.
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

/// The number of a device within its account, 1 or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(NonZeroU32);

impl DeviceId {
    /// The first device of an account. It is the default where a request names none.
    pub const PRIMARY: Self = Self(NonZeroU32::MIN);

    /// Creates the id; `None` for 0.
    #[must_use]
    pub const fn new(number: u32) -> Option<Self> {
        match NonZeroU32::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// Returns the number.
    #[must_use]
    pub const fn as_u32(self) -> u32 {
        self.0.get()
    }

    /// Parses the decimal text: digits without a sign or a leading zero.
    ///
    /// # Errors
    /// Any other text, and numbers above `u32::MAX`.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if text.starts_with('0') || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ParseError);
        }
        text.parse().map(Self).map_err(|_| ParseError)
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A secret of an account without a PNI, from which a substitute for the PNI is derived (section 6).
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct AuthSalt([u8; 32]);

fixed_bytes!(AuthSalt[32], random);
anteroom_kvac::redacted_debug!(AuthSalt);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_ids_are_plain_decimal_numbers_from_1() {
        for (text, number) in [("1", 1), ("127", 127), ("4294967295", u32::MAX)] {
            let id = DeviceId::parse(text).unwrap();
            assert_eq!(id.as_u32(), number);
            assert_eq!(id.to_string(), text);
            assert_eq!(DeviceId::new(number), Some(id));
        }
        for text in [
            "",
            "0",
            "01",
            "+1",
            "-1",
            " 1",
            "1 ",
            "1.0",
            "0x1",
            "4294967296",
            "\u{661}",
        ] {
            assert_eq!(DeviceId::parse(text), Err(ParseError), "{text:?}");
        }
        assert_eq!(DeviceId::new(0), None);
        assert_eq!(DeviceId::PRIMARY.as_u32(), 1);
    }
}
