//! Identities at OpenID Connect providers.

use anteroom_protocol::{Aci, DeviceId, Timestamp};

use crate::opaque_debug::opaque_debug;

/// The identity of a person at an OpenID Connect provider. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct IdentityName {
    /// The provider: the `iss` of its tokens.
    pub issuer: String,
    /// The person: the `sub` of the tokens.
    pub subject: String,
}

opaque_debug!(IdentityName);

/// The account of an identity. It remains after the account's devices are deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdentityLink {
    /// The account.
    pub aci: Aci,
    /// The device that the identity's tokens sign in; `None` after it is deleted, until there is a
    /// new one.
    pub device: Option<DeviceId>,
    /// The time at which the last such device was deleted. A token that was issued at that time or
    /// earlier is refused.
    pub ended: Option<Timestamp>,
}

impl IdentityLink {
    /// Returns whether a token was issued after the last device was deleted. A token without a time
    /// of issue is refused if a device was deleted.
    #[must_use]
    pub fn accepts(&self, issued: Option<Timestamp>) -> bool {
        match (self.ended, issued) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(ended), Some(issued)) => ended < issued,
        }
    }
}
