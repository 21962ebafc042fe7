//! The input and the output of a login.

use std::time::Duration;

use anteroom_protocol::{Aci, Timestamp, redacted_debug};
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::DeviceId;

/// The input of a login. `Debug` shows none of it.
pub struct SignIn {
    /// The email address, in upper or lower case.
    pub email: Zeroizing<String>,
    /// The password: 8 to 64 characters.
    pub password: SecretString,
    /// Whether the session lasts 30 days without use instead of 7.
    pub remember: bool,
    /// The device of an earlier login, to be used again; `None` registers a new one.
    pub device: Option<DeviceId>,
    /// The name of the device, of at most 100 characters. `None` leaves the name of a known device as it is.
    pub device_name: Option<String>,
    /// The last refresh token of `device`: it proves that the device is known, so that neither locks of its
    /// network nor failed logins elsewhere apply to it.
    pub last_refresh: Option<SecretString>,
}

/// A session as the issuer grants it. `Debug` shows none of it.
#[derive(Clone)]
pub struct SessionGrant {
    /// The account.
    pub aci: Aci,
    /// The device that the session belongs to.
    pub device: DeviceId,
    /// The email address, in lower case.
    pub email: Zeroizing<String>,
    /// The tokens.
    pub tokens: SessionTokens,
    /// The issuer's time when it granted the tokens, if its answer carried it.
    pub granted: Option<Timestamp>,
}

/// The tokens of a session. They are wiped on drop, and `Debug` shows none of them.
#[derive(Clone)]
pub struct SessionTokens {
    /// The token for requests; `None` if it has expired and must be renewed first.
    pub access: Option<SecretString>,
    /// The lifetime of the access token when it was issued.
    pub access_lifetime: Duration,
    /// The token for one renewal.
    pub refresh: SecretString,
}

redacted_debug!(SignIn);
redacted_debug!(SessionGrant);
redacted_debug!(SessionTokens);
