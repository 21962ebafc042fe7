//! The issuer and its parts.

use std::{num::NonZeroUsize, sync::Arc};

use anteroom_accounts::{Accounts, AccountsParts, LoginParts};
use anteroom_http_server::HttpLimits;
use anteroom_runtime::{
    Clock, Dependency, Entropy, EventSink, HealthRegistry, Metrics, Monitor, Pseudonymizer,
    RateLimiter, Workers,
};
use anteroom_store::{IssuerDatabase, ServerParamsKind};
use anteroom_turn::Relays;
use arc_swap::ArcSwap;

use crate::{
    domain::{
        account_events::AccountEvents, account_limit::AccountLimits, issuing_params::IssuingParams,
    },
    health::{DatabaseHealth, ParamsHealth},
    limits::IssuerLimits,
    state::IssuerState,
};

/// The parts of an issuer.
pub struct IssuerParts {
    /// Accounts and devices.
    pub database: Arc<dyn IssuerDatabase>,
    /// The source of the time.
    pub clock: Arc<dyn Clock>,
    /// Randomness for credentials and request ids.
    pub entropy: Arc<dyn Entropy>,
    /// The server params.
    pub params: IssuingParams,
    /// The sink of events.
    pub events: Arc<dyn EventSink>,
    /// The buckets of the rate limits.
    pub limiter: Arc<dyn RateLimiter>,
    /// The pseudonyms of accounts in events.
    pub pseudonymizer: Pseudonymizer,
    /// The sizes of the rate limits.
    pub limits: IssuerLimits,
    /// The limits of HTTP requests.
    pub http: HttpLimits,
    /// The registry of metrics.
    pub metrics: Metrics,
    /// The number of threads for zero-knowledge work: the number of cores.
    pub workers: NonZeroUsize,
    /// The dependencies in the readiness report besides the database and the server params.
    pub dependencies: Vec<Arc<dyn Dependency>>,
    /// The source of credentials for relays, which the readiness report also shows.
    pub relays: Relays,
    /// The parts of logins with email and password, and of identity providers.
    pub login: LoginParts,
}

/// An issuer. Clones are the same issuer.
#[derive(Clone)]
pub struct Issuer(pub(crate) Arc<IssuerState>);

impl Issuer {
    /// Creates an issuer.
    #[must_use]
    pub fn new(parts: IssuerParts) -> Self {
        let params = Arc::new(ArcSwap::from_pointee(parts.params));
        let params_health = |kind| ParamsHealth {
            params: Arc::clone(&params),
            clock: Arc::clone(&parts.clock),
            kind,
        };
        let mut dependencies: Vec<Arc<dyn Dependency>> = vec![
            Arc::new(DatabaseHealth(Arc::clone(&parts.database))),
            Arc::new(params_health(ServerParamsKind::Generic)),
            Arc::new(params_health(ServerParamsKind::Group)),
        ];
        dependencies.extend(parts.dependencies);
        dependencies.extend(parts.relays.dependencies());
        let relay_provider_errors = parts.metrics.count(
            "relay_provider_errors",
            "Requests for relays that failed for want of credentials",
        );
        let health = HealthRegistry::new(dependencies);
        let monitor = Monitor::new(&health, &parts.metrics);
        let accounts = Accounts::new(AccountsParts {
            database: parts.database,
            clock: Arc::clone(&parts.clock),
            entropy: Arc::clone(&parts.entropy),
            events: Arc::clone(&parts.events),
            limiter: Arc::clone(&parts.limiter),
            pseudonymizer: parts.pseudonymizer.clone(),
            http: parts.http,
            metrics: parts.metrics.clone(),
            login: parts.login,
        });
        Self(Arc::new(IssuerState {
            accounts,
            limits: AccountLimits {
                limiter: parts.limiter,
                pseudonymizer: parts.pseudonymizer.clone(),
                clock: Arc::clone(&parts.clock),
                sizes: parts.limits,
                workers: Workers::new(parts.workers, parts.limits.work),
            },
            events: AccountEvents {
                sink: parts.events,
                pseudonymizer: parts.pseudonymizer,
                clock: Arc::clone(&parts.clock),
            },
            params,
            clock: parts.clock,
            entropy: parts.entropy,
            relays: parts.relays,
            relay_provider_errors,
            http: parts.http,
            metrics: parts.metrics,
            health,
            monitor,
        }))
    }

    /// Returns the accounts.
    #[must_use]
    pub fn accounts(&self) -> &Accounts {
        &self.0.accounts
    }

    /// Updates the alerts and checks the dependencies until `shutdown` completes.
    pub async fn run_background(&self, shutdown: impl Future<Output = ()>) {
        tokio::select! {
            () = shutdown => {}
            () = self.0.monitor.run() => {}
        }
    }

    /// Checks the dependencies once. [`Issuer::run_background`] does so periodically.
    pub async fn check_dependencies(&self) {
        self.0.monitor.check_once().await;
    }

    /// Replaces the server params from the next request on.
    pub fn replace_params(&self, params: IssuingParams) {
        self.0.params.store(Arc::new(params));
    }
}
