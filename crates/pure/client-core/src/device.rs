//! The password of a device.

use anteroom_protocol::{Aci, ParseError, redacted_debug};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use crate::{DeviceId, Error};

/// The credentials with which a device authenticates its requests. `Debug` shows none of them.
#[derive(Clone)]
pub struct DeviceCredentials {
    aci: Aci,
    device: DeviceId,
    password: SecretString,
}

impl DeviceCredentials {
    /// Creates the credentials of an account's device.
    #[must_use]
    pub const fn new(aci: Aci, device: DeviceId, password: SecretString) -> Self {
        Self {
            aci,
            device,
            password,
        }
    }

    /// Creates the credentials of a device from its name, `UUID` (the first device) or `UUID.NUMBER`, and its
    /// password.
    ///
    /// # Errors
    /// [`Error::AccountName`] for a name of another form.
    pub fn parse(name: &str, password: impl Into<SecretString>) -> Result<Self, Error> {
        let (aci, device) = Self::parse_name(name).map_err(|_| Error::AccountName)?;
        Ok(Self::new(aci, device, password.into()))
    }

    /// Returns the id of the account.
    #[must_use]
    pub const fn aci(&self) -> Aci {
        self.aci
    }

    /// Returns the number of the device.
    #[must_use]
    pub const fn device(&self) -> DeviceId {
        self.device
    }

    /// Parses `UUID` (the first device) or `UUID.NUMBER`.
    ///
    /// # Errors
    /// The text has another form.
    pub fn parse_name(text: &str) -> Result<(Aci, DeviceId), ParseError> {
        match text.split_once('.') {
            Some((aci, device)) => Ok((Aci::parse(aci)?, DeviceId::parse(device)?)),
            None => Ok((Aci::parse(text)?, DeviceId::PRIMARY)),
        }
    }

    /// Returns the value of the `Authorization` header.
    #[must_use]
    pub fn authorization(&self) -> Zeroizing<String> {
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

redacted_debug!(DeviceCredentials);

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
                .map(|(_, device)| device.as_u32());
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
            DeviceId::PRIMARY,
            SecretString::from("password"),
        );
        let shown = format!("{credentials:?}");
        assert!(!shown.contains("password") && !shown.contains("8f8d"));
    }
}
