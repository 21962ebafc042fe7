//! The settings of identity providers.

use std::{num::NonZeroU64, path::PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smart_default::SmartDefault;

/// The settings of identity providers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema, SmartDefault)]
#[serde(default, deny_unknown_fields)]
pub struct OidcSettings {
    /// The providers, exactly as they name themselves.
    pub issuers: Vec<String>,
    /// The values of `aud` of which a token for this service has at least one.
    #[default(vec!["anteroom".to_owned()])]
    pub audiences: Vec<String>,
    /// Whether a person without an account gets one at the first sign-in. Otherwise the issuer
    /// refuses that person.
    pub create_accounts: bool,
    /// The largest difference between a provider's clock and that of the issuer.
    #[default(60)]
    pub clock_skew_seconds: u32,
    /// The time between fetches of the providers' keys.
    #[default(const { NonZeroU64::new(15 * 60).unwrap() })]
    pub refresh_seconds: NonZeroU64,
    /// The time for which keys serve when they cannot be fetched.
    #[default(const { NonZeroU64::new(24 * 60 * 60).unwrap() })]
    pub keys_max_age_seconds: NonZeroU64,
    /// The time for each answer of a provider.
    #[default(const { NonZeroU64::new(5).unwrap() })]
    pub timeout_seconds: NonZeroU64,
    /// A file of certificates (PEM) to trust besides the system's.
    pub extra_roots: Option<PathBuf>,
}
