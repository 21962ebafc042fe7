//! The routes that are operations, and the dependencies of the service.

use std::{
    collections::BTreeSet,
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use anteroom_http_server::{RouteOperation, is_probe};
use anteroom_issuer::{IssuingParams, OPERATIONS};
use anteroom_runtime::Area;
use anteroom_store::{
    Availability, IssuerDatabase, IssuerReader, IssuerRepository, StoreError, TransactionName,
    keys::StorageKeys,
};
use anteroom_testkit::{TestIssuer, TestIssuerOptions, listed_routes};
use async_trait::async_trait;
use serde_json::json;

use crate::support::{get_as, post};

/// Returns whether the route is an operation: a sent form is one, a shown form or a file of a page
/// is not.
fn is_operation(method: &str, path: &str) -> bool {
    let is_page =
        method == "GET" && (path.starts_with("/account/") || path == "/" || path == "/style.css");
    let is_description = path == "/openapi.json" || path == "/docs" || path.starts_with("/docs/");
    !is_page && !is_description && !is_probe(path)
}

#[tokio::test]
async fn every_route_is_an_operation_or_a_probe_or_a_page_or_the_description() {
    let issuer = TestIssuer::start().await;
    let mut routes = listed_routes(&issuer.router()).await;
    routes.retain(|(method, path)| method != "HEAD" && is_operation(method, path));
    let table: BTreeSet<_> = OPERATIONS
        .iter()
        .map(|route| (route.method.to_owned(), route.path.to_owned()))
        .collect();
    assert_eq!(table, routes);
    assert_eq!(
        table.len(),
        OPERATIONS.len(),
        "each route stands there once"
    );
    for area in Area::ALL {
        let is_in = |route: &RouteOperation| route.operation.area == area;
        assert!(OPERATIONS.iter().any(is_in), "{area:?}");
    }
}

/// A real database that a test can make unavailable and available again.
#[derive(Debug)]
struct RemovableDatabase {
    database: Arc<dyn IssuerDatabase>,
    gone: Arc<AtomicBool>,
}

impl RemovableDatabase {
    fn there(&self) -> Result<(), StoreError> {
        match self.gone.load(Ordering::SeqCst) {
            true => Err(StoreError::Unavailable {
                source: "taken away".into(),
            }),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl IssuerDatabase for RemovableDatabase {
    async fn begin(&self, name: TransactionName) -> Result<Box<dyn IssuerRepository>, StoreError> {
        self.there()?;
        self.database.begin(name).await
    }

    async fn read(&self, name: TransactionName) -> Result<Box<dyn IssuerReader>, StoreError> {
        self.there()?;
        self.database.read(name).await
    }

    async fn ready(&self) -> Result<Availability, StoreError> {
        self.there()?;
        self.database.ready().await
    }

    fn storage_keys(&self) -> Arc<StorageKeys> {
        self.database.storage_keys()
    }
}

#[tokio::test]
async fn a_database_that_fails_and_comes_back_is_counted_with_the_time_between() {
    let gone = Arc::new(AtomicBool::new(false));
    let removable = Arc::clone(&gone);
    let options = TestIssuerOptions::default();
    let params = IssuingParams::new(options.mode, Vec::new(), Vec::new());
    let issuer = TestIssuer::start_with_parts(options, params, |parts| {
        parts.accounts.database = Arc::new(RemovableDatabase {
            database: Arc::clone(&parts.accounts.database),
            gone: removable,
        });
    })
    .await;
    let login = json!({ "email": "ann@example.org", "password": "correct horse" });
    for (is_gone, status, failures, recoveries, seconds) in [
        (false, 401, 0, 0, "0.0"),
        (true, 503, 1, 0, "0.0"),
        (true, 503, 1, 0, "0.0"),
        (false, 401, 1, 1, "200.0"),
    ] {
        issuer.clock.advance(100);
        gone.store(is_gone, Ordering::SeqCst);
        assert_eq!(post(&issuer, "/auth/login", &login).await.status, status);
        issuer.issuer.check_dependencies().await;
        let shown = issuer.metrics().await;
        for (of, labels) in [
            ("dependency", r#"{dependency="database"}"#),
            ("operation", r#"{area="login",operation="log-in"}"#),
        ] {
            // The login that follows is refused, which is not a recovery of the operation.
            if of == "operation" && recoveries > 0 {
                continue;
            }
            for line in [
                format!("anteroom_{of}_failing{labels} {}", u8::from(is_gone)),
                format!("anteroom_{of}_failures_total{labels} {failures}"),
                format!("anteroom_{of}_recoveries_total{labels} {recoveries}"),
                format!("anteroom_{of}_failure_duration_seconds_sum{labels} {seconds}"),
            ] {
                assert!(shown.lines().any(|got| got == line), "{line}\n{shown}");
            }
        }
    }
}

#[tokio::test]
async fn the_background_checks_the_server_params_too() {
    let issuer = TestIssuer::start_with(TestIssuerOptions {
        group_params: false,
        ..TestIssuerOptions::default()
    })
    .await;
    issuer.issuer.check_dependencies().await;
    let shown = issuer.metrics().await;
    for (name, failing) in [
        ("call-link-params", 0),
        ("group-params", 1),
        ("certificate-params", 0),
        ("database", 0),
    ] {
        let line = format!("anteroom_dependency_failing{{dependency=\"{name}\"}} {failing}");
        assert!(shown.lines().any(|got| got == line), "{line}\n{shown}");
    }
}

#[tokio::test]
async fn an_alert_is_cleared_without_traffic() {
    let issuer = TestIssuer::start().await;
    let unseen = issuer.add_account(true).await;
    issuer.database.close().await;
    for _ in 0..4 {
        let answer = get_as(&issuer, &unseen, "/v1/devices").await;
        assert_eq!(answer.status, 503);
    }
    let raised = issuer.events.take().len();
    assert_eq!(raised, 4, "two rules, for the area and for the service");
    let background = {
        let issuer = issuer.issuer.clone();
        tokio::spawn(async move { issuer.run_background(pending()).await })
    };
    issuer.clock.advance(61);
    for _ in 0..raised {
        let alert = issuer.events.next("alert").await;
        assert_eq!(alert.payload()["state"], "cleared");
    }
    background.abort();
}
