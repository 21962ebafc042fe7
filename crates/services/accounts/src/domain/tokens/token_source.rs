//! The current keys of access tokens.

use std::sync::{Arc, PoisonError, RwLock};

use anteroom_store::{IssuerDatabase, StorageKeys};
use zeroize::Zeroizing;

use crate::domain::tokens::access_token::{AccessTokens, TokenSeed};

/// Access tokens with the keys of the database, which another process may rotate.
pub(crate) struct TokenSource {
    issuer: String,
    database: Arc<dyn IssuerDatabase>,
    current: RwLock<(Arc<StorageKeys>, Arc<AccessTokens>)>,
}

impl TokenSource {
    /// Creates access tokens in the name of `issuer` with the keys of the database.
    pub(crate) fn new(issuer: &str, database: Arc<dyn IssuerDatabase>) -> Self {
        let keys = database.storage_keys();
        let tokens = Arc::new(read(issuer, &keys));
        Self {
            issuer: issuer.to_owned(),
            database,
            current: RwLock::new((keys, tokens)),
        }
    }

    /// Returns the access tokens with the current keys.
    pub(crate) fn current(&self) -> Arc<AccessTokens> {
        let keys = self.database.storage_keys();
        {
            let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
            if Arc::ptr_eq(&current.0, &keys) {
                return Arc::clone(&current.1);
            }
        }
        let tokens = Arc::new(read(&self.issuer, &keys));
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        *current = (keys, Arc::clone(&tokens));
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
