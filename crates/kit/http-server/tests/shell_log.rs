//! The log of the middleware around every router.
//!
//! This test has a process of its own: another thread that logs while the subscriber is being set
//! decides whether a call site is enabled.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use anteroom_http_server::{HttpLimits, Problem, harden, problems};
use anteroom_protocol::Timestamp;
use anteroom_runtime::Metrics;
use anteroom_testkit::{CapturedEvents, MockClock, SeededEntropy};
use axum::{Router, body::Body, routing::get};
use http::Request;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use tracing_subscriber::fmt::MakeWriter;

fn shell() -> Router {
    let clock = MockClock::at(Timestamp::from_secs(1_700_000_000));
    let metrics = Metrics::new(Arc::new(CapturedEvents::default()), Arc::new(clock));
    let routes = Router::new()
        .route("/fine/{id}", get(|| async { "fine" }))
        .route(
            "/gone",
            get(|| async { Problem::new(&problems::UNAVAILABLE) }),
        );
    let entropy = SeededEntropy::new(1);
    harden(routes, &[], HttpLimits::default(), metrics, &entropy)
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn the_log_has_a_line_per_request_and_only_our_own_faults_are_errors() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_writer(log.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let router = shell();
    for path in ["/fine/secret?query=secret", "/nothing/secret", "/gone"] {
        let request = Request::get(path)
            .header("x-request-id", "secret")
            .header("cookie", "secret")
            .body(Body::empty())
            .unwrap();
        router.clone().oneshot(request).await.unwrap();
    }
    drop(guard);
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(!log.contains("secret"), "{log}");
    let mut lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for line in &mut lines {
        assert_eq!(line["span"]["id"].as_str().unwrap().len(), 32);
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
