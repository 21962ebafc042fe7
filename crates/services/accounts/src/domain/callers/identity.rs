//! The bearer tokens of identity providers.

use std::fmt;

use anteroom_protocol::Timestamp;
use async_trait::async_trait;

/// The identity of a person at an identity provider. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct ExternalIdentity {
    /// The provider: the `iss` of its tokens.
    pub issuer: String,
    /// The person's name at the provider: `sub`.
    pub subject: String,
    /// The time at which the token was issued; `None` if the token does not contain it.
    pub issued: Option<Timestamp>,
}

impl fmt::Debug for ExternalIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExternalIdentity(..)")
    }
}

/// Verifies the tokens of identity providers.
#[async_trait]
pub trait IdentityVerifier: Send + Sync {
    /// Returns the identity of a token; `None` if the token is not valid.
    async fn verify(&self, token: &str) -> Option<ExternalIdentity>;
}
