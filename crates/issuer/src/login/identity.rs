//! Bearer tokens of identity providers.

use std::fmt;

use anteroom_protocol::Timestamp;
use async_trait::async_trait;

/// A person as an identity provider names them. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct ExternalIdentity {
    /// The provider: the `iss` of its tokens.
    pub issuer: String,
    /// The person, by the provider's own name for them: `sub`.
    pub subject: String,
    /// When the token was issued, if it says so.
    pub issued: Option<Timestamp>,
}

impl fmt::Debug for ExternalIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExternalIdentity(..)")
    }
}

/// Knows the tokens of identity providers.
#[async_trait]
pub trait IdentityVerifier: Send + Sync {
    /// The person who shows this token; `None` if anything about it is wrong.
    async fn verify(&self, token: &str) -> Option<ExternalIdentity>;
}
