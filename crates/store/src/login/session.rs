//! Sessions: what a login starts and a logout ends.

use std::fmt;

use anteroom_protocol::{Aci, Timestamp};
use rand_core::CryptoRng;

use crate::account::{Account, Device, DeviceId};

/// A session's name: 16 random bytes. `Debug` shows nothing of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId([u8; 16]);

impl SessionId {
    /// Draws a name.
    pub fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        let mut bytes = [0; 16];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// From bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(..)")
    }
}

/// A session of a device.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its name.
    pub id: SessionId,
    /// The account.
    pub aci: Aci,
    /// The device.
    pub device: DeviceId,
    /// Whether it goes on for longer without being used.
    pub remember: bool,
    /// When it began.
    pub created: Timestamp,
    /// The first moment at which it is over, unless it is used before.
    pub expires: Timestamp,
}

/// A session with its account and its device: what authentication looks up.
#[derive(Clone, Debug)]
pub struct SessionCaller {
    /// The session.
    pub session: Session,
    /// The account.
    pub account: Account,
    /// The device.
    pub device: Device,
}
