//! The accounts, as the issuer and the program see them.

use std::{sync::Arc, time::Duration};

use anteroom_http_server::HttpLimits;
use anteroom_runtime::{Clock, Entropy, EventSink, Metrics, Pseudonymizer, RateLimiter};
use anteroom_store::{IssuerDatabase, StoreError};

use crate::{
    domain::{
        callers::{caller_cache::CallerCache, device_use_writer::DeviceUseWriter},
        devices::{
            events::DeviceEvents,
            purge::{PurgeCounts, purge},
        },
        job_queue::JobQueue,
        limits::Limits,
        login::{delay::DelayedAttempts, events::LoginEvents, known_networks::KnownNetworks},
        storage::Storage,
        tokens::token_source::TokenSource,
    },
    settings::LoginParts,
    state::AccountsState,
};

/// The parts of accounts.
pub struct AccountsParts {
    /// Accounts and devices.
    pub database: Arc<dyn IssuerDatabase>,
    /// The source of the time.
    pub clock: Arc<dyn Clock>,
    /// Randomness for tokens and ids.
    pub entropy: Arc<dyn Entropy>,
    /// The sink of events.
    pub events: Arc<dyn EventSink>,
    /// The buckets of the rate limits.
    pub limiter: Arc<dyn RateLimiter>,
    /// The pseudonyms of accounts in events.
    pub pseudonymizer: Pseudonymizer,
    /// The limits of HTTP requests.
    pub http: HttpLimits,
    /// The registry of metrics.
    pub metrics: Metrics,
    /// The parts of logins with email and password, and of identity providers.
    pub login: LoginParts,
}

/// The accounts of an issuer. Clones are the same accounts.
#[derive(Clone)]
pub struct Accounts(pub(crate) Arc<AccountsState>);

impl Accounts {
    /// Creates accounts.
    #[must_use]
    pub fn new(parts: AccountsParts) -> Self {
        let login = parts.login;
        let settings = &login.settings;
        let (events, names) = (Arc::clone(&parts.events), parts.pseudonymizer.clone());
        Self(Arc::new(AccountsState {
            tokens: TokenSource::new(&settings.public_url, Arc::clone(&parts.database)),
            caller_cache: CallerCache::new(),
            device_use_writer: DeviceUseWriter::default(),
            delayed_attempts: DelayedAttempts::new(),
            job_queue: JobQueue::new(&parts.metrics, Arc::clone(&login.delay)),
            device_events: DeviceEvents::new(events, names),
            guests_added: parts
                .metrics
                .count("guests_added", "Accounts of guests that were added"),
            http: parts.http,
            storage: Storage {
                database: parts.database,
                clock: Arc::clone(&parts.clock),
                entropy: parts.entropy,
                device_retention: settings.device_retention,
            },
            limits: Limits {
                limiter: parts.limiter,
                pseudonymizer: parts.pseudonymizer.clone(),
                clock: Arc::clone(&parts.clock),
                sizes: settings.limits,
                known_networks: KnownNetworks::new(settings.known_networks),
            },
            login_events: LoginEvents {
                sink: parts.events,
                pseudonymizer: parts.pseudonymizer,
                clock: parts.clock,
                is_personal: settings.personal_events,
            },
            login,
        }))
    }

    /// Deletes stale devices, unused guests and expired rows. Call it about once a day.
    ///
    /// # Errors
    /// Those of the database. Earlier deletions are kept.
    pub async fn purge(&self) -> Result<PurgeCounts, StoreError> {
        purge(&self.0).await
    }

    /// Waits until the pending uses of devices are stored. Call it before the database is
    /// closed.
    pub async fn device_uses_written(&self) {
        self.0.device_use_writer.written().await;
    }

    /// Waits until the jobs of accepted requests are done: sign-ups, resets, mails.
    pub async fn background_idle(&self) {
        self.0.job_queue.idle().await;
    }

    /// Runs the jobs of accepted requests, for `patience` at most, then drops and counts the
    /// remaining ones. Call it before the mail queue and the database are closed.
    pub async fn close_background(&self, patience: Duration) {
        self.0.job_queue.close(patience).await;
    }
}
