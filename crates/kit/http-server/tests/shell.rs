//! The middleware around every router: limits, failures, log and metrics.
#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]
#![expect(clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{sync::Arc, time::Duration};

use anteroom_http_server::{
    HttpLimits, Problem, RouteOperation, metrics_router, problems, with_middleware,
};
use anteroom_protocol::Timestamp;
use anteroom_runtime::{Area, ClientAddress, Metrics, Operation};
use anteroom_testkit::{CapturedEvents, MockClock, SeededEntropy};
use axum::{Router, body::Body, response::Response, routing::get};
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::sync::Notify;
use tower::ServiceExt as _;

const OPERATIONS: &[RouteOperation] = &[
    RouteOperation::new("GET", "/fine/{id}", Operation::new(Area::Login, "fine")),
    RouteOperation::new("GET", "/gone", Operation::new(Area::Login, "gone")),
];

fn metrics() -> Metrics {
    let clock = MockClock::at(Timestamp::from_secs(1_700_000_000));
    Metrics::new(Arc::new(CapturedEvents::default()), Arc::new(clock))
}

fn shell(router: Router, limits: HttpLimits, metrics: &Metrics) -> Router {
    with_middleware(
        router,
        OPERATIONS,
        limits,
        metrics.clone(),
        &SeededEntropy::new(1),
    )
}

async fn panics() -> &'static str {
    panic!("the secret of the panic")
}

fn routes() -> Router {
    Router::new()
        .route("/fine/{id}", get(|| async { "fine" }))
        .route("/panics", get(panics))
        .route("/hangs", get(std::future::pending::<()>))
        .route(
            "/gone",
            get(|| async { Problem::new(&problems::UNAVAILABLE) }),
        )
        .route("/health/live", get(|| async { StatusCode::NO_CONTENT }))
}

async fn call(router: &Router, path: &str) -> Response {
    let request = Request::get(path).body(Body::empty()).unwrap();
    router.clone().oneshot(request).await.unwrap()
}

async fn text(response: Response) -> String {
    let body = response.into_body().collect().await.unwrap();
    String::from_utf8(body.to_bytes().to_vec()).unwrap()
}

async fn code(response: Response) -> Value {
    serde_json::from_str::<Value>(&text(response).await).unwrap()["code"].clone()
}

#[tokio::test]
async fn a_panic_is_a_problem_that_says_nothing_about_it() {
    let router = shell(routes(), HttpLimits::default(), &metrics());
    let response = call(&router, "/panics").await;
    assert_eq!(response.status(), 500);
    assert!(response.headers().contains_key("x-request-id"));
    let text = text(response).await;
    assert!(
        text.contains("\"INTERNAL\"") && !text.contains("secret"),
        "{text}"
    );
    assert_eq!(call(&router, "/fine/1").await.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_takes_too_long_is_given_up() {
    let router = shell(routes(), HttpLimits::default(), &metrics());
    let response = call(&router, "/hangs").await;
    assert_eq!(response.status(), 504);
    assert_eq!(code(response).await, "TIMEOUT");
}

#[tokio::test]
async fn one_request_too_many_is_refused_and_health_is_still_answered() {
    let (entered, leave) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let waits = {
        let (entered, leave) = (Arc::clone(&entered), Arc::clone(&leave));
        get(move || async move {
            entered.notify_one();
            leave.notified().await;
        })
    };
    let limits = HttpLimits {
        concurrent_requests: 1,
        ..HttpLimits::default()
    };
    let router = shell(routes().route("/waits", waits), limits, &metrics());
    let first = {
        let router = router.clone();
        tokio::spawn(async move { call(&router, "/waits").await.status() })
    };
    entered.notified().await;
    let mut other = Request::get("/fine/1").body(Body::empty()).unwrap();
    let address = ClientAddress::new([192, 0, 2, 1].into());
    other.extensions_mut().insert(address);
    let second = router.clone().oneshot(other).await.unwrap();
    assert_eq!(second.status(), 503);
    assert_eq!(second.headers()["retry-after"], "1");
    assert_eq!(code(second).await, "OVERLOADED");
    assert_eq!(call(&router, "/health/live").await.status(), 204);
    leave.notify_one();
    assert_eq!(first.await.unwrap(), 200);
    assert_eq!(call(&router, "/fine/1").await.status(), 200);
}

#[tokio::test]
async fn the_metrics_count_by_route_status_and_code() {
    let metrics = metrics();
    let router = shell(routes(), HttpLimits::default(), &metrics);
    for path in ["/fine/1", "/fine/2", "/nothing", "/gone"] {
        call(&router, path).await;
    }
    let response = call(&metrics_router(&metrics), "/metrics").await;
    assert_eq!(response.status(), 200);
    let text = text(response).await;
    for line in [
        r#"anteroom_http_requests_total{method="GET",route="/fine/{id}",status="200",code=""} 2"#,
        r#"anteroom_http_requests_total{method="GET",route="unmatched",status="404",code="NOT_FOUND"} 1"#,
        r#"anteroom_http_requests_total{method="GET",route="/gone",status="503",code="UNAVAILABLE"} 1"#,
        r#"anteroom_http_request_duration_seconds_count{method="GET",route="/fine/{id}"} 2"#,
        r#"anteroom_operations_total{area="login",operation="fine",outcome="succeeded"} 2"#,
        r#"anteroom_operations_total{area="login",operation="gone",outcome="failed"} 1"#,
        r#"anteroom_operation_duration_seconds_count{area="login",operation="fine"} 2"#,
        "anteroom_error_rate_alert 0",
    ] {
        assert!(text.lines().any(|got| got == line), "{line}\n{text}");
    }
}

#[test]
fn the_limits_are_the_documented_ones() {
    let limits = HttpLimits::default();
    assert_eq!(limits.body_bytes, 65_536);
    assert!(limits.body_timeout < limits.request_timeout);
    assert!(limits.request_timeout <= Duration::from_secs(30));
}
