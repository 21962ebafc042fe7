//! Who asks: an account and one of its devices.

use std::{fmt, num::NonZeroU32};

use anteroom_protocol::{Aci, AuthSalt, ParseError, Pni};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use crate::Error;

/// The number of a device within its account; 1 is the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(NonZeroU32);

impl DeviceId {
    /// The account's first device.
    pub const FIRST: Self = Self(NonZeroU32::MIN);

    /// A device number; 0 is none.
    #[must_use]
    pub fn new(number: u32) -> Option<Self> {
        NonZeroU32::new(number).map(Self)
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a device signs its requests with. `Debug` shows none of it.
#[derive(Clone)]
pub struct DeviceCredentials {
    aci: Aci,
    device: DeviceId,
    password: SecretString,
}

impl DeviceCredentials {
    /// An account's device and its password.
    #[must_use]
    pub const fn new(aci: Aci, device: DeviceId, password: SecretString) -> Self {
        Self {
            aci,
            device,
            password,
        }
    }

    /// A device by its name, `UUID` (the first device) or `UUID.NUMBER`, and its password.
    ///
    /// # Errors
    /// [`Error::AccountName`] for a name of another form.
    pub fn parse(name: &str, password: impl Into<SecretString>) -> Result<Self, Error> {
        let (aci, device) = Self::parse_name(name).map_err(|_| Error::AccountName)?;
        Ok(Self::new(aci, device, password.into()))
    }

    /// The account.
    #[must_use]
    pub const fn aci(&self) -> Aci {
        self.aci
    }

    /// The device.
    #[must_use]
    pub const fn device(&self) -> DeviceId {
        self.device
    }

    /// Parses `UUID` (the first device) or `UUID.device`.
    ///
    /// # Errors
    /// Any other text.
    pub fn parse_name(text: &str) -> Result<(Aci, DeviceId), ParseError> {
        let Some((aci, device)) = text.split_once('.') else {
            return Ok((Aci::parse(text)?, DeviceId::FIRST));
        };
        if device.starts_with(['+', '0']) {
            return Err(ParseError);
        }
        let number = device.parse().map_err(|_| ParseError)?;
        Ok((Aci::parse(aci)?, DeviceId::new(number).ok_or(ParseError)?))
    }

    /// The value of the `Authorization` header.
    pub(crate) fn authorization(&self) -> Zeroizing<String> {
        let plain = Zeroizing::new(format!(
            "{}.{}:{}",
            self.aci.to_uuid_string(),
            self.device,
            self.password.expose_secret(),
        ));
        let encoded = Zeroizing::new(STANDARD.encode(plain.as_bytes()));
        Zeroizing::new(format!("Basic {}", encoded.as_str()))
    }
}

impl fmt::Debug for DeviceCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceCredentials(..)")
    }
}

/// An account as the issuer knows it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Account {
    /// The account id.
    pub aci: Aci,
    /// The phone-number id, if the account has one.
    pub pni: Option<Pni>,
    /// The device that asked.
    pub device: DeviceId,
    /// What stands in for the PNI in the group credentials of an account without one.
    pub auth_salt: Option<AuthSalt>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "8f8d2c1e-6b0a-4a55-9a3c-0d6d0a5f3b11";

    #[test]
    fn a_name_is_an_account_and_perhaps_a_device() {
        let cases = [
            (UUID.to_owned(), Some(1)),
            (format!("{UUID}.1"), Some(1)),
            (format!("{UUID}.77"), Some(77)),
            (format!("{UUID}.0"), None),
            (format!("{UUID}.01"), None),
            (format!("{UUID}."), None),
            (format!("{UUID}.+1"), None),
            (format!("{UUID}.-1"), None),
            (format!("{UUID}.4294967296"), None),
            (format!("{UUID}.1.1"), None),
            (".1".to_owned(), None),
            (String::new(), None),
        ];
        for (text, expected) in cases {
            let device = DeviceCredentials::parse_name(&text)
                .ok()
                .map(|(_, device)| device.number());
            assert_eq!(device, expected, "{text:?}");
        }
    }

    #[test]
    fn the_header_is_basic_with_account_device_and_password() {
        let credentials = DeviceCredentials::new(
            Aci::parse(UUID).unwrap(),
            DeviceId::new(2).unwrap(),
            SecretString::from("pass:word"),
        );
        let header = credentials.authorization();
        let encoded = header.strip_prefix("Basic ").unwrap();
        assert_eq!(
            STANDARD.decode(encoded).unwrap(),
            format!("{UUID}.2:pass:word").as_bytes()
        );
    }

    #[test]
    fn debug_shows_no_secret() {
        let credentials = DeviceCredentials::new(
            Aci::parse(UUID).unwrap(),
            DeviceId::FIRST,
            SecretString::from("password"),
        );
        let shown = format!("{credentials:?}");
        assert!(!shown.contains("password") && !shown.contains("8f8d"));
    }
}
