//! The issuer and its parts.

use std::{num::NonZeroUsize, sync::Arc};

use anteroom_accounts::{Accounts, AccountsParts, Guests};
use anteroom_runtime::{Dependency, HealthRegistry, Monitor, Workers};
use anteroom_store::ServerParamsKind;
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
    /// The parts of its accounts, most of which it uses too.
    pub accounts: AccountsParts,
    /// The server params.
    pub params: IssuingParams,
    /// The sizes of the rate limits.
    pub limits: IssuerLimits,
    /// The number of threads for zero-knowledge work: the number of cores.
    pub workers: NonZeroUsize,
    /// The dependencies in the readiness report besides the database and the server params.
    pub dependencies: Vec<Arc<dyn Dependency>>,
    /// The source of credentials for relays, which the readiness report also shows.
    pub relays: Relays,
}

/// An issuer. Clones are the same issuer.
#[derive(Clone)]
pub struct Issuer(pub(crate) Arc<IssuerState>);

impl Issuer {
    /// Creates an issuer.
    #[must_use]
    pub fn new(parts: IssuerParts) -> Self {
        let shared = &parts.accounts;
        let clock = || Arc::clone(&shared.clock);
        let params = Arc::new(ArcSwap::from_pointee(parts.params));
        let params_health = |kind| ParamsHealth {
            params: Arc::clone(&params),
            clock: clock(),
            kind,
        };
        let mut dependencies: Vec<Arc<dyn Dependency>> = vec![
            Arc::new(DatabaseHealth(Arc::clone(&shared.database))),
            Arc::new(params_health(ServerParamsKind::Generic)),
            Arc::new(params_health(ServerParamsKind::Group)),
            Arc::new(params_health(ServerParamsKind::Certificates)),
        ];
        let guests = shared.login.settings.guests;
        if guests != Guests::Off {
            dependencies.push(Arc::new(params_health(ServerParamsKind::Guest)));
        }
        dependencies.extend(parts.dependencies);
        dependencies.extend(parts.relays.dependencies());
        let relay_provider_errors = shared.metrics.count(
            "relay_provider_errors",
            "Requests for relays that failed for want of credentials",
        );
        let health = HealthRegistry::new(dependencies);
        Self(Arc::new(IssuerState {
            guests,
            limits: AccountLimits {
                limiter: Arc::clone(&shared.limiter),
                pseudonymizer: shared.pseudonymizer.clone(),
                clock: clock(),
                sizes: parts.limits,
                workers: Workers::new(parts.workers, parts.limits.work),
            },
            events: AccountEvents {
                sink: Arc::clone(&shared.events),
                pseudonymizer: shared.pseudonymizer.clone(),
                clock: clock(),
            },
            clock: clock(),
            entropy: Arc::clone(&shared.entropy),
            http: shared.http,
            metrics: shared.metrics.clone(),
            monitor: Monitor::new(&health, &shared.metrics),
            health,
            params,
            relays: parts.relays,
            relay_provider_errors,
            accounts: Accounts::new(parts.accounts),
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
