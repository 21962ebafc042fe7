//! The routes of a service that may not be open yet.

use std::{
    collections::BTreeSet,
    convert::Infallible,
    sync::{Arc, OnceLock},
};

use anteroom_console::os::OsEntropy;
use anteroom_http_server::{
    HttpLimits, Problem, RouteOperation, health_router, problems, with_middleware,
};
use anteroom_runtime::{Dependency, DependencyState, Health, HealthRegistry, Metrics, RetryAfter};
use async_trait::async_trait;
use axum::{Router, extract::Request, routing::any};
use tower::ServiceExt as _;

/// The value of `Retry-After` while the service is not open.
const RETRY_AFTER: RetryAfter = RetryAfter::from_secs(5);

/// The routes of a service, one router for each of its listeners.
pub struct ServiceRoutes {
    /// The routes for clients.
    pub public: Router,
    /// The routes for media servers.
    pub internal: Router,
    /// The route of the metrics.
    pub metrics: Router,
    /// The metrics that count the listeners of the routes.
    pub counts: Metrics,
}

/// The routes of a service at one listener. They are set once, when the service opens.
#[derive(Clone, Default)]
pub struct RouterSlot(Arc<OnceLock<Router>>);

impl RouterSlot {
    /// Sets the service's own routes.
    pub fn set(&self, router: Router) {
        // A service opens only once.
        let _ = self.0.set(router);
    }

    /// Returns the routes to be served: those of `waiting` until the service's own are set.
    pub fn router(&self, waiting: Router) -> Router {
        if let Some(router) = self.0.get() {
            return router.clone();
        }
        let slot = self.clone();
        Router::new().fallback(move |request: Request| async move {
            let router = slot.0.get().unwrap_or(&waiting).clone();
            let answered: Result<_, Infallible> = router.oneshot(request).await;
            answered
        })
    }
}

/// Returns the routes of a service whose database is not open: 503 for all but `probes`, liveness and
/// readiness. Requests are counted under the operations that they ask for.
pub(super) fn waiting_router(
    probes: Router,
    operations: &[RouteOperation],
    limits: HttpLimits,
    metrics: Metrics,
) -> Router {
    let (health, _) = health_router(HealthRegistry::new(vec![Arc::new(
        ClosedDatabase::default(),
    )]))
    .split_for_parts();
    let answer = || async { Problem::new(&problems::UNAVAILABLE).retry_after(RETRY_AFTER) };
    let paths: BTreeSet<&str> = operations.iter().map(|route| route.path).collect();
    let mut routes = health
        .merge(probes)
        .route("/", any(answer))
        .route("/{*path}", any(answer));
    for path in paths {
        routes = routes.route(path, any(answer));
    }
    with_middleware(routes, operations, limits, metrics, &OsEntropy)
}

/// A database that is not open, for readiness and metrics.
#[derive(Default)]
pub(super) struct ClosedDatabase {
    /// Fails at each attempt to open the database, and succeeds when it is open.
    pub state: DependencyState,
}

#[async_trait]
impl Dependency for ClosedDatabase {
    fn name(&self) -> &'static str {
        "database"
    }

    fn required(&self) -> bool {
        true
    }

    async fn check(&self) -> Health {
        Health::Failing
    }

    fn state(&self) -> Option<&DependencyState> {
        Some(&self.state)
    }
}
