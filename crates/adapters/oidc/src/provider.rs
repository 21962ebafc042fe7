//! One provider: its keys, and their renewal.

use std::{sync::Arc, time::Duration};

use anteroom_http_client::HttpClient;
use anteroom_protocol::Timestamp;
use anteroom_runtime::{Backoff, Clock, Dependency, DependencyState, Health};
use async_trait::async_trait;
use jsonwebtoken::{Algorithm, DecodingKey};
use parking_lot::RwLock;
use serde::Deserialize;

use crate::{
    fetch::{FetchError, document},
    keys::KeySet,
    settings::ProviderSettings,
};

/// The minimum time, in seconds, between two fetches because of unknown key ids.
const LEAST_BETWEEN: u64 = 30;
/// The pause after a fetch that failed.
const FIRST_PAUSE: Duration = Duration::from_secs(5);

pub(crate) struct Provider {
    pub(crate) settings: ProviderSettings,
    name: String,
    http: HttpClient,
    clock: Arc<dyn Clock>,
    cached: RwLock<CachedKeys>,
    /// Fails while the keys cannot be fetched.
    state: DependencyState,
    /// The start of the last fetch. Only the holder of the lock fetches.
    last_fetch: tokio::sync::Mutex<Option<Timestamp>>,
}

#[derive(Clone, Default)]
struct CachedKeys {
    keys: Arc<KeySet>,
    /// The time at which the keys were last fetched; `None` before the first time.
    seen: Option<Timestamp>,
}

/// The reason why there are no new keys.
#[derive(Debug)]
enum RefreshError {
    Fetch(#[expect(dead_code, reason = "shown by Debug, in the log")] FetchError),
    Configuration,
    OtherIssuer,
    NoKeys,
}

#[derive(Deserialize)]
struct Configuration {
    issuer: String,
    jwks_uri: String,
}

impl Provider {
    pub(crate) fn new(
        number: usize,
        settings: ProviderSettings,
        http: HttpClient,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            settings,
            name: format!("oidc-{number}"),
            http,
            clock,
            cached: RwLock::default(),
            state: DependencyState::default(),
            last_fetch: tokio::sync::Mutex::default(),
        }
    }

    /// Calls `with` on the key with this id, if it is for this algorithm. Fetches the keys again if
    /// the id is unknown, unless that was done a moment ago.
    pub(crate) async fn with_key<T>(
        &self,
        id: &str,
        algorithm: Algorithm,
        with: impl FnOnce(&DecodingKey) -> T,
    ) -> Option<T> {
        let mut keys = self.usable_keys();
        if !keys.as_ref().is_some_and(|keys| keys.knows(id)) {
            self.refresh_if_due().await;
            keys = self.usable_keys();
        }
        keys?.find(id, algorithm).map(with)
    }

    /// Fetches the keys periodically, until it is dropped.
    pub(crate) async fn refresh_periodically(&self) {
        let backoff = Backoff {
            first: FIRST_PAUSE,
            factor: 2,
            longest: self.settings.refresh,
        };
        let mut failures = 0;
        loop {
            let fetched = {
                let mut last_fetch = self.last_fetch.lock().await;
                *last_fetch = Some(self.clock.now());
                self.refresh().await
            };
            if fetched {
                failures = 0;
                tokio::time::sleep(self.settings.refresh).await;
            } else {
                tokio::time::sleep(backoff.pause(failures)).await;
                failures = failures.saturating_add(1);
            }
        }
    }

    async fn refresh_if_due(&self) {
        let mut last_fetch = self.last_fetch.lock().await;
        let now = self.clock.now();
        let just_now = |last: Timestamp| now.as_secs().abs_diff(last.as_secs()) < LEAST_BETWEEN;
        if last_fetch.is_some_and(just_now) {
            return;
        }
        *last_fetch = Some(now);
        self.refresh().await;
    }

    /// Fetches the keys, and returns whether that succeeded. The old keys stay otherwise.
    async fn refresh(&self) -> bool {
        match self.fetch().await {
            Ok(keys) => {
                let mut cached = self.cached.write();
                cached.keys = Arc::new(keys);
                cached.seen = Some(self.clock.now());
                if self.state.succeeded() {
                    tracing::info!(parent: None, provider = self.name, "the identity provider is back");
                }
                true
            }
            Err(error) => {
                if self.state.failed() {
                    tracing::warn!(
                        parent: None,
                        provider = self.name,
                        ?error,
                        "the keys of the identity provider cannot be fetched"
                    );
                }
                false
            }
        }
    }

    async fn fetch(&self) -> Result<KeySet, RefreshError> {
        let bytes = document(&self.http, &self.settings.discovery_url()).await;
        let bytes = bytes.map_err(RefreshError::Fetch)?;
        let configuration: Configuration =
            serde_json::from_slice(&bytes).map_err(|_| RefreshError::Configuration)?;
        if configuration.issuer != self.settings.issuer {
            return Err(RefreshError::OtherIssuer);
        }
        let bytes = document(&self.http, &configuration.jwks_uri).await;
        KeySet::parse(&bytes.map_err(RefreshError::Fetch)?).ok_or(RefreshError::NoKeys)
    }

    /// Returns the keys, unless they are too old.
    fn usable_keys(&self) -> Option<Arc<KeySet>> {
        let cached = self.cached.read().clone();
        let now = self.clock.now().as_secs();
        let age = now.saturating_sub(cached.seen?.as_secs());
        (age <= self.settings.keys_max_age.as_secs()).then_some(cached.keys)
    }
}

#[async_trait]
impl Dependency for Provider {
    fn name(&self) -> &str {
        &self.name
    }

    fn required(&self) -> bool {
        false
    }

    async fn check(&self) -> Health {
        match (self.usable_keys(), self.state.is_failing()) {
            (None, _) => Health::Failing,
            (Some(_), true) => Health::Degraded,
            (Some(_), false) => Health::Ok,
        }
    }

    fn state(&self) -> Option<&DependencyState> {
        Some(&self.state)
    }
}
