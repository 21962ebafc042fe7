//! People whom others vouch for.

use std::fmt;

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
