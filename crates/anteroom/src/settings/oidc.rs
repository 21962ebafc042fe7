//! Identity providers whose tokens are accepted.

use std::{num::NonZeroU64, path::PathBuf};

use serde::Deserialize;

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct OidcSection {
    pub(crate) issuers: Vec<String>,
    pub(crate) audiences: Vec<String>,
    pub(crate) create_accounts: bool,
    pub(crate) clock_skew_seconds: u32,
    pub(crate) refresh_seconds: NonZeroU64,
    pub(crate) keys_max_age_seconds: NonZeroU64,
    pub(crate) timeout_seconds: NonZeroU64,
    pub(crate) extra_roots: Option<PathBuf>,
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
