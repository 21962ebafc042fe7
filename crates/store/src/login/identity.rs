//! People whom others vouch for.

use std::fmt;

use anteroom_protocol::{Aci, Timestamp};

use crate::account::DeviceId;

/// Who somebody is to an OpenID Connect provider. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct IdentityName {
    /// The provider: `iss` of its tokens.
    pub issuer: String,
    /// The person: `sub`.
    pub subject: String,
}

impl fmt::Debug for IdentityName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdentityName(..)")
    }
}

/// The account of somebody whom an identity provider vouches for. It outlives their devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdentityLink {
    /// The account.
    pub aci: Aci,
    /// The device that their tokens sign in; `None` after it is gone, until there is a new one.
    pub device: Option<DeviceId>,
    /// When the last device of theirs was deleted: a token that is no younger is worth nothing.
    pub ended: Option<Timestamp>,
}

impl IdentityLink {
    /// Whether a token that was issued at this moment, if that is known, is younger than the end of
    /// the last device.
    #[must_use]
    pub fn accepts(&self, issued: Option<Timestamp>) -> bool {
        match (self.ended, issued) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(ended), Some(issued)) => ended < issued,
        }
    }
}
