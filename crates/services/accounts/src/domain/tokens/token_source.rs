//! The current keys of access tokens.

use std::sync::Arc;

use anteroom_store::{IssuerDatabase, StorageKeys};
use arc_swap::ArcSwap;
use zeroize::Zeroizing;

use crate::domain::tokens::access_token::{AccessTokens, TokenSeed};

/// Access tokens with the keys of the database, which another process may rotate.
pub(crate) struct TokenSource {
    issuer: String,
    database: Arc<dyn IssuerDatabase>,
    current: ArcSwap<(Arc<StorageKeys>, Arc<AccessTokens>)>,
}

impl TokenSource {
    /// Creates access tokens in the name of `issuer` with the keys of the database.
    pub(crate) fn new(issuer: &str, database: Arc<dyn IssuerDatabase>) -> Self {
        let keys = database.storage_keys();
        let tokens = Arc::new(read(issuer, &keys));
        Self {
            issuer: issuer.to_owned(),
            database,
            current: ArcSwap::from_pointee((keys, tokens)),
        }
    }

    /// Returns the access tokens with the current keys.
    pub(crate) fn current(&self) -> Arc<AccessTokens> {
        let keys = self.database.storage_keys();
        let current = self.current.load();
        if Arc::ptr_eq(&current.0, &keys) {
            return Arc::clone(&current.1);
        }
        let tokens = Arc::new(read(&self.issuer, &keys));
        self.current.store(Arc::new((keys, Arc::clone(&tokens))));
        tokens
    }
}

fn read(issuer: &str, keys: &StorageKeys) -> AccessTokens {
    let mut newer = None;
    let seeds = keys.token_keys().iter().map(|key| TokenSeed {
        seed: Zeroizing::new(*key.seed()),
        retired: newer.replace(key.created()),
    });
    AccessTokens::new(issuer, seeds)
}
