//! The log of the middleware around every router.
//!
//! This test has a process of its own, in which no other test logs.

use std::sync::Arc;

use anteroom_http_server::{HttpLimits, Problem, RouteOperation, problems, with_middleware};
use anteroom_protocol::Timestamp;
use anteroom_runtime::{Area, Metrics, Operation};
use anteroom_testkit::{CapturedEvents, CapturedLog, MockClock, SeededEntropy};
use axum::{Router, body::Body, routing::get};
use http::Request;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use tracing::Level;

const LOOK: Operation = Operation::new(Area::Login, "look");

fn shell() -> Router {
    let clock = MockClock::at(Timestamp::from_secs(1_700_000_000));
    let metrics = Metrics::new(Arc::new(CapturedEvents::default()), Arc::new(clock));
    let handler = async || {
        tracing::warn!("below");
        "fine"
    };
    let routes = Router::new().route("/fine/{id}", get(handler)).route(
        "/gone",
        get(|| async { Problem::new(&problems::UNAVAILABLE) }),
    );
    let operations = [RouteOperation::new("GET", "/fine/{id}", LOOK)];
    let entropy = SeededEntropy::new(1);
    with_middleware(
        routes,
        &operations,
        HttpLimits::default(),
        metrics,
        &entropy,
    )
}

#[tokio::test]
async fn the_log_has_a_line_per_request_and_only_our_own_faults_are_errors() {
    let log = CapturedLog::start(Level::INFO);
    let router = shell();
    for path in ["/fine/secret?query=secret", "/nothing/secret", "/gone"] {
        let request = Request::get(path)
            .header("x-request-id", "secret")
            .header("cookie", "secret")
            .body(Body::empty())
            .unwrap();
        let answer = router.clone().oneshot(request).await.unwrap();
        let id = answer.headers()["x-request-id"].to_str().unwrap();
        assert_eq!(log.lines().pop().unwrap()["span"]["id"], id);
    }
    let mut lines = log.lines();
    assert!(!format!("{lines:?}").contains("secret"), "{lines:#?}");
    // A line below a request has the same span as the line of the request itself.
    let below = lines.remove(0);
    assert_eq!(below["fields"]["message"], "below");
    assert_eq!(below["span"], lines[0]["span"]);
    for (line, operation) in lines.iter_mut().zip([Some("look"), None, None]) {
        assert_eq!(line["span"]["name"], "request");
        assert_eq!(line["span"]["id"].as_str().unwrap().len(), 32);
        let shown = line["span"].get("operation").and_then(Value::as_str);
        assert_eq!(shown, operation);
        assert!(line["fields"]["milliseconds"].is_u64());
        line["fields"]
            .as_object_mut()
            .unwrap()
            .remove("milliseconds");
    }
    let lines: Vec<_> = lines
        .iter()
        .map(|line| (&line["level"], &line["fields"]))
        .collect();
    let fields = |route: &str, status: u16, code: &str| {
        json!({
            "message": "answered",
            "method": "GET",
            "route": route,
            "status": status,
            "code": code,
        })
    };
    assert_eq!(
        lines,
        [
            (&json!("INFO"), &fields("/fine/{id}", 200, "")),
            (&json!("INFO"), &fields("unmatched", 404, "NOT_FOUND")),
            (&json!("ERROR"), &fields("/gone", 503, "UNAVAILABLE")),
        ]
    );
}
