//! The sessions of devices, from a login to a logout.

use anteroom_protocol::{Aci, DeviceId, Timestamp};
use rand_core::CryptoRng;

use crate::{
    account::{Account, Device},
    bytes::opaque_bytes,
};

opaque_bytes! {
    /// The id of a session: 16 random bytes. `Debug` does not show it.
    #[derive(Clone, Copy, PartialEq, Eq, Hash)]
    pub struct SessionId([u8; 16]);
}

impl SessionId {
    /// Draws a random id.
    pub fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        let mut bytes = [0; 16];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }
}

/// A session of a device.
#[derive(Clone, Debug)]
pub struct Session {
    /// The id of the session.
    pub id: SessionId,
    /// The account.
    pub aci: Aci,
    /// The device.
    pub device: DeviceId,
    /// Whether the session lasts longer without a use.
    pub remember: bool,
    /// The time at which the session began.
    pub created: Timestamp,
    /// The time from which the session is expired, unless it is used before.
    pub expires: Timestamp,
}

/// A session with its account and its device, as authentication reads them.
#[derive(Clone, Debug)]
pub struct SessionCaller {
    /// The session.
    pub session: Session,
    /// The account.
    pub account: Account,
    /// The device.
    pub device: Device,
}
