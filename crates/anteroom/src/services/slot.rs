//! The routes of a service that may not be open yet.

use std::{
    convert::Infallible,
    sync::{Arc, OnceLock},
};

use anteroom_service::{
    Dependency, Health, HealthRegistry, HttpLimits, Metrics, NoEvents, Problem, RetryAfter, harden,
    problems,
};
use async_trait::async_trait;
use axum::{Router, extract::Request, routing::any};
use tower::ServiceExt as _;

use crate::os::{OsClock, OsEntropy};

/// When a client tries again.
const RETRY_AFTER: RetryAfter = RetryAfter::from_secs(5);

/// The routes of a service. Until they are set, every request but those for health is answered 503.
#[derive(Clone, Default)]
pub(crate) struct RouterSlot(Arc<OnceLock<Router>>);

impl RouterSlot {
    /// Answers with the service's own routes from now on.
    pub(crate) fn set(&self, router: Router) {
        // A service opens once.
        let _ = self.0.set(router);
    }

    /// The routes to be served.
    pub(crate) fn router(&self, limits: HttpLimits) -> Router {
        if let Some(router) = self.0.get() {
            return router.clone();
        }
        let (slot, waiting) = (self.clone(), unavailable(limits));
        Router::new().fallback(move |request: Request| async move {
            let router = slot.0.get().unwrap_or(&waiting).clone();
            let answered: Result<_, Infallible> = router.oneshot(request).await;
            answered
        })
    }
}

/// The routes of a service whose database is not open.
fn unavailable(limits: HttpLimits) -> Router {
    let (health, _) = HealthRegistry::new(vec![Arc::new(ClosedDatabase)])
        .router()
        .split_for_parts();
    let answer = || async { Problem::new(&problems::UNAVAILABLE).retry_after(RETRY_AFTER) };
    let routes = health
        .route("/", any(answer))
        .route("/{*path}", any(answer));
    let metrics = Metrics::new(Arc::new(NoEvents), Arc::new(OsClock));
    harden(routes, &[], limits, metrics, Arc::new(OsEntropy))
}

struct ClosedDatabase;

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
}
