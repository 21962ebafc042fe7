//! The cost of a request's span: the allocations of a request.
//!
//! This test has a process of its own, in which no other test logs.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use allocation_counter::measure;
use anteroom_http_server::{HttpLimits, RouteOperation, with_middleware};
use anteroom_protocol::Timestamp;
use anteroom_runtime::{Area, Metrics, Operation};
use anteroom_testkit::{CapturedEvents, CapturedLog, MockClock, SeededEntropy};
use axum::{Router, body::Body, routing::get};
use http::Request;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt as _;
use tracing::Level;

const PATH: &str = "/fine";
const LOOK: Operation = Operation::new(Area::Login, "look");
/// The measured requests. The ones before them fill caches.
const REQUESTS: u64 = 100;

fn shell() -> Router {
    let clock = MockClock::at(Timestamp::from_secs(1_700_000_000));
    let metrics = Metrics::new(Arc::new(CapturedEvents::default()), Arc::new(clock));
    let routes = Router::new().route(PATH, get(async || "fine"));
    let operations = [RouteOperation::new("GET", PATH, LOOK)];
    let entropy = SeededEntropy::new(1);
    with_middleware(
        routes,
        &operations,
        HttpLimits::default(),
        metrics,
        &entropy,
    )
}

/// Returns the number of allocations of [`REQUESTS`] requests.
fn allocations(runtime: &Runtime, router: &Router) -> u64 {
    let run = || {
        for _ in 0..REQUESTS {
            let request = Request::get(PATH).body(Body::empty()).unwrap();
            let answer = runtime.block_on(router.clone().oneshot(request)).unwrap();
            assert_eq!(answer.status(), 200);
        }
    };
    run();
    measure(run).count_total
}

#[test]
fn the_span_of_a_request_allocates_nothing_where_its_line_is_not_written() {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let router = shell();
    let without_log = allocations(&runtime, &router);
    let log = CapturedLog::start(Level::WARN);
    let without_line = allocations(&runtime, &router);
    assert!(log.lines().is_empty());
    assert_eq!(without_line, without_log);
    println!("{} allocations a request", without_line / REQUESTS);
}
