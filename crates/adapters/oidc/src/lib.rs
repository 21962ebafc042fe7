//! Verifies bearer tokens (JWT) of OpenID Connect providers.
//!
//! # Contract
//!
//! [`OidcVerifier::verify`] accepts any text, and returns the subject of a valid token
//! ([`OidcSubject`]) or [`OidcError`], which does not tell the reason. A token is valid if
//!
//! 1. it has a bounded size, and its header has one of the algorithms RS256, PS256, ES256 and
//!    EdDSA, a key id, and no critical extension;
//! 2. its `iss` is exactly that of a provider, its key id is one of that provider's, and the key is
//!    for the algorithm: the header never decides how a key is used;
//! 3. its signature is valid;
//! 4. its `aud` contains this service, it has a `sub`, and the clock is between `nbf` and `exp`,
//!    with `iat` not in the future.
//!
//! # Keys
//!
//! Each provider publishes the location of its keys (`/.well-known/openid-configuration`) and the
//! keys themselves (a JWKS). [`OidcVerifier::run_background`] fetches both and keeps them. A token
//! is verified with the cached keys. Only an unknown key id makes a token wait for a fetch, which is
//! rate-limited. If a provider is not available, its keys are used until they are too old.

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

/// The error for a token that is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the token is not accepted")]
pub struct OidcError;
