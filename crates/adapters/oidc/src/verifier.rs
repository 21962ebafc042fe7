//! The checks of a token, in order.

use std::{collections::HashSet, sync::Arc};

use anteroom_http_client::HttpClient;
use anteroom_runtime::{Clock, Dependency, task_span};
use jsonwebtoken::{
    Algorithm, DecodingKey, Header, Validation, dangerous::insecure_decode_claims, decode,
    decode_header,
};
use tokio::task::JoinSet;
use tracing::Instrument as _;

use crate::{
    OidcError, OidcSubject,
    claims::{Claims, UnverifiedIssuer},
    crypto::install_token_crypto,
    keys::{ALGORITHMS, MAX_KEY_ID},
    provider::Provider,
    settings::{ProviderError, ProviderSettings},
};

/// The maximum length of a token, in bytes.
const MAX_TOKEN: usize = 8 * 1024;
/// The accepted types of tokens (`typ`, in lower case). Others, such as `logout+jwt`, are signed
/// with the same keys and have another meaning.
const TYPES: [&str; 3] = ["jwt", "at+jwt", "application/at+jwt"];

/// Verifies the tokens of several providers.
#[derive(Clone)]
pub struct OidcVerifier {
    providers: Arc<[Arc<Provider>]>,
    clock: Arc<dyn Clock>,
}

impl OidcVerifier {
    /// Creates a verifier for these providers. Fetches nothing: see
    /// [`OidcVerifier::run_background`]. Before that, the first token of a provider waits for its
    /// keys.
    ///
    /// The client is [`crate::http_client`], or another one that is bounded in time.
    ///
    /// # Errors
    /// When the settings cannot be used.
    pub fn new(
        providers: Vec<ProviderSettings>,
        http: &HttpClient,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ProviderError> {
        install_token_crypto();
        let mut issuers = HashSet::new();
        for settings in &providers {
            settings.check()?;
            if !issuers.insert(&settings.issuer) {
                return Err(ProviderError::twice(&settings.issuer));
            }
        }
        let providers = (1..).zip(providers).map(|(number, settings)| {
            Arc::new(Provider::new(
                number,
                settings,
                http.clone(),
                Arc::clone(&clock),
            ))
        });
        Ok(Self {
            providers: providers.collect(),
            clock,
        })
    }

    /// Verifies a token (the text after `Bearer `), which may be any text.
    ///
    /// # Errors
    /// When the token is not accepted, for any reason.
    pub async fn verify(&self, token: &str) -> Result<OidcSubject, OidcError> {
        self.checked(token).await.ok_or(OidcError)
    }

    /// Renews the keys of all providers until `shutdown` completes.
    pub async fn run_background(&self, shutdown: impl Future<Output = ()>) {
        let mut tasks = JoinSet::new();
        for provider in self.providers.iter() {
            let provider = Arc::clone(provider);
            let refreshing = async move { provider.refresh_periodically().await };
            tasks.spawn(refreshing.instrument(task_span("oidc-keys")));
        }
        shutdown.await;
        tasks.shutdown().await;
    }

    /// Returns one dependency per provider: `oidc-1` and so on, in the order of the settings. It is
    /// degraded while the provider's keys cannot be fetched, and failing while there are none or
    /// they are too old.
    #[must_use]
    pub fn dependencies(&self) -> Vec<Arc<dyn Dependency>> {
        let providers = self.providers.iter();
        providers
            .map(|provider| Arc::clone(provider) as Arc<dyn Dependency>)
            .collect()
    }

    async fn checked(&self, token: &str) -> Option<OidcSubject> {
        if token.len() > MAX_TOKEN {
            return None;
        }
        let header = decode_header(token).ok()?;
        let id = key_id(&header)?;
        let unverified: UnverifiedIssuer = insecure_decode_claims(token).ok()?;
        let provider = self
            .providers
            .iter()
            .find(|provider| provider.settings.issuer == unverified.iss)?;
        let settings = &provider.settings;
        let verified = |key: &DecodingKey| signed(token, key, header.alg, settings);
        let claims = provider.with_key(id, header.alg, verified).await??;
        if !claims.hold_at(self.clock.now(), settings.clock_skew) {
            return None;
        }
        claims.subject()
    }
}

/// Returns the key's id, if the header is accepted.
fn key_id(header: &Header) -> Option<&str> {
    let typ = header.typ.as_ref();
    let known_type = typ.is_none_or(|typ| TYPES.contains(&typ.to_ascii_lowercase().as_str()));
    // RFC 7515, section 4.1.11: a critical extension that is not understood makes a token invalid.
    if !ALGORITHMS.contains(&header.alg) || header.crit.is_some() || !known_type {
        return None;
    }
    let id = header.kid.as_deref()?;
    (!id.is_empty() && id.len() <= MAX_KEY_ID).then_some(id)
}

/// Returns the claims of the token, if this key signed it, the provider issued it, and it is for
/// this service.
fn signed(
    token: &str,
    key: &DecodingKey,
    algorithm: Algorithm,
    settings: &ProviderSettings,
) -> Option<Claims> {
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[&settings.issuer]);
    validation.set_audience(&settings.audiences);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    // The time is checked later, with the clock of the caller.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    decode(token, key, &validation).ok().map(|data| data.claims)
}
