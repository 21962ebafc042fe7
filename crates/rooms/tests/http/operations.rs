//! Which routes are operations, and the dependencies of the service.

use std::collections::BTreeSet;

use anteroom_rooms::OPERATIONS;
use anteroom_testkit::{TestRooms, listed_routes};

fn is_operation(path: &str) -> bool {
    path != "/openapi.json" && !anteroom_service::is_probe(path)
}

#[tokio::test]
async fn every_route_of_both_routers_is_an_operation_or_a_probe_or_the_description() {
    let rooms = TestRooms::start().await;
    let mut routes = listed_routes(&rooms.router()).await;
    routes.extend(listed_routes(&rooms.internal_router()).await);
    routes.retain(|(method, path)| method != "HEAD" && is_operation(path));
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
}

#[tokio::test]
async fn a_database_that_is_gone_is_a_dependency_that_fails() {
    let rooms = TestRooms::start().await;
    rooms.rooms.check_dependencies().await;
    let failing = r#"anteroom_dependency_failing{dependency="database"}"#;
    assert!(rooms.metrics().await.contains(&format!("{failing} 0")));
    rooms.database.close().await;
    rooms.rooms.check_dependencies().await;
    let shown = rooms.metrics().await;
    assert!(shown.contains(&format!("{failing} 1")), "{shown}");
    let failures = r#"anteroom_dependency_failures_total{dependency="database"} 1"#;
    assert!(shown.contains(failures), "{shown}");
}
