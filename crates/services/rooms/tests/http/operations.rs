//! The routes that are operations, and the dependencies of the service.

use std::collections::BTreeSet;

use anteroom_rooms::{INTERNAL_OPERATIONS, OPERATIONS};
use anteroom_testkit::{FakeMediaServer, TestRooms, TestRoomsOptions, listed_routes};

fn is_operation(path: &str) -> bool {
    let is_page = ["/", "/style.css", "/call", "/docs"].contains(&path)
        || path.starts_with("/call/")
        || path.starts_with("/docs/");
    path != "/openapi.json" && !is_page && !anteroom_http_server::is_probe(path)
}

#[tokio::test]
async fn every_route_of_both_routers_is_an_operation_or_a_probe_or_a_page_or_the_description() {
    let rooms = TestRooms::start().await;
    for (router, operations) in [
        (rooms.router(), OPERATIONS),
        (rooms.internal_router(), INTERNAL_OPERATIONS),
    ] {
        let mut routes = listed_routes(&router).await;
        routes.retain(|(method, path)| method != "HEAD" && is_operation(path));
        let table: BTreeSet<_> = operations
            .iter()
            .map(|route| (route.method.to_owned(), route.path.to_owned()))
            .collect();
        assert_eq!(table, routes);
        assert_eq!(
            table.len(),
            operations.len(),
            "each route stands there once"
        );
    }
}

#[tokio::test]
async fn media_servers_that_fail_and_recover_are_counted_with_the_time_between() {
    let server = FakeMediaServer::start().await;
    let rooms = TestRooms::start_with(TestRoomsOptions {
        media_servers: vec![server.url().to_owned()],
        ..TestRoomsOptions::default()
    })
    .await;
    let labels = r#"{dependency="media-servers"}"#;
    // Whether the server is healthy, and the failures, recoveries and seconds of failure until
    // then.
    for (well, failures, recoveries, seconds) in [
        (true, 0, 0, "0.0"),
        (false, 1, 0, "0.0"),
        (false, 1, 0, "0.0"),
        (true, 1, 1, "84.0"),
    ] {
        rooms.clock.advance(42);
        server.set_unhealthy(!well);
        // Checks the media servers.
        rooms.rooms.recover().await;
        let shown = rooms.metrics().await;
        for line in [
            format!("anteroom_dependency_failing{labels} {}", u8::from(!well)),
            format!("anteroom_dependency_failures_total{labels} {failures}"),
            format!("anteroom_dependency_recoveries_total{labels} {recoveries}"),
            format!("anteroom_dependency_failure_duration_seconds_sum{labels} {seconds}"),
        ] {
            assert!(shown.lines().any(|got| got == line), "{line}\n{shown}");
        }
    }
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
