//! Verifies bearer tokens (JWT) of OpenID Connect providers.
//!
//! Each provider publishes where its keys are (`/.well-known/openid-configuration`) and the keys
//! themselves (a JWKS). Both are fetched in the background and kept; a token is checked against what
//! is kept, and only an unknown key id makes a token wait for a fetch, which is rate-limited. When a
//! provider is gone, its keys serve on until they are too old.
//!
//! What the checks are:
//!
//! 1. The token is of bounded size and its header names an algorithm of RS256, PS256, ES256, EdDSA, a
//!    key id, and nothing critical.
//! 2. Its `iss` is exactly that of a provider, its key id one of that provider's, and the key is for
//!    the algorithm: what the header says never chooses how a key is used.
//! 3. The signature.
//! 4. `aud` names us, `sub` is there, and the clock is between `nbf` and `exp`, with `iat` not in the
//!    future.
//!
//! Whoever presents a token learns that it was not accepted, and not why.

mod claims;
mod crypto;
mod fetch;
mod keys;
mod provider;
mod settings;
mod verifier;

pub use self::{
    claims::OidcSubject,
    crypto::install_token_crypto,
    fetch::http_client,
    settings::{ProviderError, ProviderSettings},
    verifier::OidcVerifier,
};

/// The token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the token is not accepted")]
pub struct OidcError;
