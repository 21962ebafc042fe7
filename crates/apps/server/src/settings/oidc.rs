//! The settings of identity providers.

use std::{num::NonZeroU64, path::PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The settings of identity providers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OidcSection {
    /// The providers, exactly as they name themselves.
    pub issuers: Vec<String>,
    /// The values of `aud` of which a token for this service has at least one.
    pub audiences: Vec<String>,
    /// Whether a person without an account gets one at the first sign-in. Otherwise the issuer
    /// refuses that person.
    pub create_accounts: bool,
    /// The largest difference between a provider's clock and that of the issuer.
    pub clock_skew_seconds: u32,
    /// The time between fetches of the providers' keys.
    pub refresh_seconds: NonZeroU64,
    /// The time for which keys serve when they cannot be fetched.
    pub keys_max_age_seconds: NonZeroU64,
    /// The time for each answer of a provider.
    pub timeout_seconds: NonZeroU64,
    /// A file of certificates (PEM) to trust besides the system's.
    pub extra_roots: Option<PathBuf>,
}

impl Default for OidcSection {
    fn default() -> Self {
        Self {
            issuers: Vec::new(),
            audiences: vec!["anteroom".to_owned()],
            create_accounts: false,
            clock_skew_seconds: 60,
            refresh_seconds: const { NonZeroU64::new(15 * 60).unwrap() },
            keys_max_age_seconds: const { NonZeroU64::new(24 * 60 * 60).unwrap() },
            timeout_seconds: const { NonZeroU64::new(5).unwrap() },
            extra_roots: None,
        }
    }
}
