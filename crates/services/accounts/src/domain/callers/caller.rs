//! The authenticated account and device of a request.

use anteroom_protocol::Timestamp;
use anteroom_store::{Account, DeviceId, SessionId};

/// An authenticated account and the calling device.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The account.
    pub account: Account,
    /// The calling device.
    pub device: DeviceId,
    /// The time at which the device was added.
    pub device_added: Timestamp,
    /// The session of an access token; `None` for other credentials.
    pub session: Option<SessionId>,
    /// The time of the owner's last sign-in.
    pub sign_in: SignInTime,
}

/// The time of an owner's last sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInTime {
    /// The device has authenticated with a password of its own.
    Never,
    /// The time at which the session began, or at which the identity provider issued the token.
    At(Timestamp),
    /// The token of the identity provider has no time of issue.
    Unknown,
}
