//! What a login takes and gives.

use std::{fmt, time::Duration};

use anteroom_protocol::Aci;
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::DeviceId;

/// What somebody signs in with. `Debug` shows none of it.
pub struct SignIn {
    /// The email address, in any case.
    pub email: Zeroizing<String>,
    /// The password: 8 to 64 characters.
    pub password: SecretString,
    /// Whether the session goes on for 30 days without use instead of 7.
    pub remember: bool,
    /// The device of an earlier login, to be the same one again; a new one if there is none.
    pub device: Option<DeviceId>,
    /// What the device is called, in at most 100 characters; a known one keeps its name without.
    pub device_name: Option<String>,
    /// The last refresh token that `device` got: it shows that the device is known, so that neither
    /// locks of its network nor failures elsewhere concern it.
    pub last_refresh: Option<SecretString>,
}

/// A session as the issuer hands it out. `Debug` shows none of it.
#[derive(Clone)]
pub struct SignedIn {
    /// The account.
    pub aci: Aci,
    /// The device that the session belongs to.
    pub device: DeviceId,
    /// The email address, in small letters.
    pub email: Zeroizing<String>,
    /// The tokens.
    pub tokens: SessionTokens,
}

/// The tokens of a session: wiped on drop, and `Debug` shows none of them.
#[derive(Clone)]
pub struct SessionTokens {
    /// For requests; `None` if it is over, and has to be renewed first.
    pub access: Option<SecretString>,
    /// How long the access token was good when it was handed out.
    pub access_lifetime: Duration,
    /// For one renewal.
    pub refresh: SecretString,
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignIn(..)")
    }
}

impl fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignedIn(..)")
    }
}

impl fmt::Debug for SessionTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionTokens(..)")
    }
}
