//! Operations behind the middleware: one outcome each, and the alerts that follow from them.
#![expect(clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{sync::Arc, time::Duration};

use anteroom_http_server::{HttpLimits, Problem, RouteOperation, problems, with_middleware};
use anteroom_protocol::Timestamp;
use anteroom_runtime::{Area, Event, HealthRegistry, Metrics, Monitor, Operation, dependency_wait};
use anteroom_testkit::{CapturedEvents, MockClock, SeededEntropy, metrics_text};
use axum::{Router, body::Body, routing::get};
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tower::ServiceExt as _;

const fn login(path: &'static str, name: &'static str) -> RouteOperation {
    RouteOperation::new("GET", path, Operation::new(Area::Login, name))
}

const OPERATIONS: &[RouteOperation] = &[
    login("/fine", "fine"),
    login("/elsewhere", "elsewhere"),
    login("/wrong", "wrong"),
    login("/slow", "slow"),
    login("/gone", "gone"),
    login("/hangs", "hangs"),
    login("/panics", "panics"),
    RouteOperation::new(
        "GET",
        "/opens",
        Operation::preparatory(Area::Login, "opens"),
    ),
    RouteOperation::new(
        "POST",
        "/opens",
        Operation::preparatory(Area::Login, "opens"),
    ),
    RouteOperation::new(
        "GET",
        "/other",
        Operation::new(Area::DeviceManagement, "other"),
    ),
    // Probes are not operations, even if a table lists them.
    login("/health", "health"),
    login("/health/ready", "ready"),
];

async fn panics() -> &'static str {
    panic!("on purpose")
}

struct Service {
    clock: MockClock,
    events: CapturedEvents,
    metrics: Metrics,
    router: Router,
}

impl Service {
    fn new(limits: HttpLimits) -> Self {
        let clock = MockClock::at(Timestamp::from_secs(1_700_000_000));
        let events = CapturedEvents::default();
        let metrics = Metrics::new(Arc::new(events.clone()), Arc::new(clock.clone()));
        let answer = |status| get(move || async move { status });
        let routes = Router::new()
            .route("/fine", answer(StatusCode::OK))
            .route("/other", answer(StatusCode::OK))
            .route(
                "/opens",
                answer(StatusCode::SWITCHING_PROTOCOLS)
                    .post(|| async { StatusCode::SERVICE_UNAVAILABLE }),
            )
            .route("/unlisted", answer(StatusCode::OK))
            .route("/elsewhere", answer(StatusCode::TEMPORARY_REDIRECT))
            .route("/wrong", answer(StatusCode::BAD_REQUEST))
            .route("/slow", answer(StatusCode::REQUEST_TIMEOUT))
            .route("/health", answer(StatusCode::OK))
            .route("/health/ready", answer(StatusCode::SERVICE_UNAVAILABLE))
            .route("/hangs", get(std::future::pending::<()>))
            .route("/panics", get(panics))
            .route(
                "/gone",
                get(|| async { Problem::new(&problems::UNAVAILABLE) }),
            );
        let entropy = SeededEntropy::new(1);
        let router = with_middleware(routes, OPERATIONS, limits, metrics.clone(), &entropy);
        Self {
            clock,
            events,
            metrics,
            router,
        }
    }

    async fn call(&self, path: &str, times: usize) {
        for _ in 0..times {
            send(&self.router, Method::GET, path).await;
        }
    }

    async fn shown(&self) -> String {
        metrics_text(&self.metrics).await
    }

    /// Returns the counted outcomes with their numbers.
    async fn outcomes(&self) -> Vec<String> {
        let shown = self.shown().await;
        let lines = shown.lines().filter_map(|line| {
            let (labels, number) = line
                .strip_prefix("anteroom_operations_total{area=\"")?
                .split_once("\"} ")?;
            let mut labels = labels.split("\",").map(|label| {
                let value = label.split_once("=\"").map(|(_, value)| value);
                value.unwrap_or(label)
            });
            let (_, name, outcome) = (labels.next()?, labels.next()?, labels.next()?);
            (number != "0").then(|| format!("{name} {outcome} {number}"))
        });
        let mut outcomes: Vec<_> = lines.collect();
        outcomes.sort();
        outcomes
    }

    /// Returns the area, rule and state of each alert since the last call.
    fn alerts(&self) -> Vec<String> {
        let events = self.events.take();
        let alerts = events.iter().filter(|event| event.name() == "alert");
        alerts.map(words).collect()
    }
}

fn words(event: &Event) -> String {
    let word = |member: &str| {
        let value = event.payload().get(member).and_then(Value::as_str);
        value.unwrap().to_owned()
    };
    format!("{} {} {}", word("area"), word("rule"), word("state"))
}

async fn send(router: &Router, method: Method, path: &str) -> StatusCode {
    let request = Request::builder().method(method).uri(path);
    let request = request.body(Body::empty()).unwrap();
    router.clone().oneshot(request).await.unwrap().status()
}

fn short() -> HttpLimits {
    HttpLimits {
        request_timeout: Duration::from_millis(1),
        ..HttpLimits::default()
    }
}

#[tokio::test]
async fn every_operation_ends_in_exactly_one_outcome() {
    for (method, path, limits, expected) in [
        (
            Method::GET,
            "/fine",
            HttpLimits::default(),
            "fine succeeded 1",
        ),
        (
            Method::HEAD,
            "/fine",
            HttpLimits::default(),
            "fine succeeded 1",
        ),
        (
            Method::GET,
            "/elsewhere",
            HttpLimits::default(),
            "elsewhere succeeded 1",
        ),
        (
            Method::GET,
            "/wrong",
            HttpLimits::default(),
            "wrong refused 1",
        ),
        (
            Method::GET,
            "/slow",
            HttpLimits::default(),
            "slow refused 1",
        ),
        (Method::GET, "/gone", HttpLimits::default(), "gone failed 1"),
        (
            Method::GET,
            "/panics",
            HttpLimits::default(),
            "panics failed 1",
        ),
        (Method::GET, "/hangs", short(), "hangs failed 1"),
        (
            Method::GET,
            "/fine",
            HttpLimits {
                concurrent_requests: 0,
                ..HttpLimits::default()
            },
            "fine failed 1",
        ),
        // These are not operations.
        (Method::POST, "/fine", HttpLimits::default(), ""),
        (Method::GET, "/unlisted", HttpLimits::default(), ""),
        (Method::GET, "/nothing", HttpLimits::default(), ""),
        (Method::GET, "/health", HttpLimits::default(), ""),
        (Method::GET, "/health/ready", HttpLimits::default(), ""),
    ] {
        let service = Service::new(limits);
        send(&service.router, method.clone(), path).await;
        let expected: Vec<_> = [expected]
            .into_iter()
            .filter(|text| !text.is_empty())
            .collect();
        assert_eq!(service.outcomes().await, expected, "{method} {path}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_is_no_failure() {
    for (waits, expected) in [
        (Wait::ForTheCaller, ["hangs refused 1"]),
        (Wait::ForADependency(499), ["hangs refused 1"]),
        (Wait::AfterADependency, ["hangs refused 1"]),
    ] {
        assert_eq!(outcomes_of_a_caller_that_goes_away(waits).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_gives_up_while_a_dependency_does_not_answer_is_a_failure() {
    for waits in [Wait::ForADependency(500), Wait::ForADependency(9_000)] {
        let outcomes = outcomes_of_a_caller_that_goes_away(waits).await;
        assert_eq!(outcomes, ["hangs failed 1"]);
    }
}

#[derive(Clone, Copy)]
enum Wait {
    ForTheCaller,
    /// Waits for a dependency for these milliseconds.
    ForADependency(u64),
    /// A dependency has answered late. The caller disconnects after that.
    AfterADependency,
}

async fn outcomes_of_a_caller_that_goes_away(wait: Wait) -> Vec<String> {
    const MINUTE: Duration = Duration::from_secs(60);
    let service = Service::new(HttpLimits {
        request_timeout: MINUTE,
        ..HttpLimits::default()
    });
    let waiting = Arc::new(Notify::new());
    let handler = {
        let waiting = Arc::clone(&waiting);
        move || async move {
            let pending = std::future::pending::<()>();
            match wait {
                Wait::ForTheCaller => {
                    waiting.notify_one();
                    pending.await;
                }
                Wait::ForADependency(_) => {
                    waiting.notify_one();
                    dependency_wait(pending).await;
                }
                Wait::AfterADependency => {
                    dependency_wait(tokio::time::sleep(MINUTE / 2)).await;
                    waiting.notify_one();
                    pending.await;
                }
            }
        }
    };
    let routes = Router::new().route("/hangs", get(handler));
    let entropy = SeededEntropy::new(1);
    let limits = HttpLimits {
        request_timeout: MINUTE,
        ..HttpLimits::default()
    };
    let router = with_middleware(
        routes,
        OPERATIONS,
        limits,
        service.metrics.clone(),
        &entropy,
    );
    let asked = tokio::spawn(async move { send(&router, Method::GET, "/hangs").await });
    waiting.notified().await;
    let milliseconds = match wait {
        Wait::ForADependency(milliseconds) => milliseconds,
        Wait::ForTheCaller | Wait::AfterADependency => 9_000,
    };
    tokio::time::advance(Duration::from_millis(milliseconds)).await;
    asked.abort();
    assert!(asked.await.is_err());
    service.outcomes().await
}

const RAISED: [&str; 4] = [
    "login error_rate raised",
    "all error_rate raised",
    "login consecutive_failures raised",
    "all consecutive_failures raised",
];
const CLEARED: [&str; 4] = [
    "login error_rate cleared",
    "login consecutive_failures cleared",
    "all error_rate cleared",
    "all consecutive_failures cleared",
];

#[tokio::test]
async fn fifteen_failures_of_fifteen_raise_and_the_gauges_agree() {
    let service = Service::new(HttpLimits::default());
    service.call("/gone", 15).await;
    assert_eq!(service.alerts(), RAISED);
    let shown = service.shown().await;
    for line in [
        "anteroom_error_rate_alert 1",
        r#"anteroom_alert{area="login",rule="error_rate"} 1"#,
        r#"anteroom_alert{area="login",rule="consecutive_failures"} 1"#,
        r#"anteroom_alert{area="all",rule="error_rate"} 1"#,
        r#"anteroom_alert{area="device-management",rule="error_rate"} 0"#,
        r#"anteroom_success_rate{area="login"} 0.0"#,
        r#"anteroom_success_rate{area="device-management"} 1.0"#,
        r#"anteroom_operation_failing{area="login",operation="gone"} 1"#,
    ] {
        assert!(shown.lines().any(|got| got == line), "{line}\n{shown}");
    }
}

#[tokio::test]
async fn escalate_when_the_error_rate_passes_5_percent_or_after_more_than_3_consecutive_failures() {
    let service = Service::new(HttpLimits::default());
    service.call("/fine", 100).await;
    service.call("/gone", 3).await;
    assert!(service.alerts().is_empty());
    service.call("/gone", 1).await;
    let run = [
        "login consecutive_failures raised",
        "all consecutive_failures raised",
    ];
    assert_eq!(service.alerts(), run);
    service.call("/fine", 1).await;
    assert_eq!(service.alerts(), ["all consecutive_failures cleared"]);
    service.call("/gone", 2).await;
    let rate = ["login error_rate raised", "all error_rate raised"];
    let raised = service.alerts();
    assert_eq!(raised, rate);
}

#[tokio::test]
async fn an_alert_names_area_rule_state_and_numbers() {
    let service = Service::new(HttpLimits::default());
    service.call("/gone", 4).await;
    let events = service.events.take();
    let payloads: Vec<_> = events.iter().map(Event::payload).collect();
    let of = |area: &str, rule: &str| {
        let is_it = |payload: &&&serde_json::Map<String, Value>| {
            payload.get("area") == Some(&json!(area)) && payload.get("rule") == Some(&json!(rule))
        };
        json!(payloads.iter().find(is_it).unwrap())
    };
    assert_eq!(
        of("login", "error_rate"),
        json!({
            "area": "login", "rule": "error_rate", "state": "raised", "succeeded": 0, "failed": 2,
            "consecutive_failures": 2, "threshold_percent": 5, "window_seconds": 60,
        })
    );
    assert_eq!(
        of("login", "consecutive_failures"),
        json!({
            "area": "login", "rule": "consecutive_failures", "state": "raised", "succeeded": 0,
            "failed": 4, "consecutive_failures": 4, "threshold": 3,
        })
    );
}

#[tokio::test]
async fn without_traffic_an_alert_is_cleared_when_its_window_has_passed() {
    let service = Service::new(HttpLimits::default());
    service.call("/gone", 15).await;
    let _ = service.alerts();
    let registry = HealthRegistry::new(Vec::new());
    let monitor = Monitor::new(&registry, &service.metrics);
    let monitoring = tokio::spawn(async move { monitor.run().await });
    service.clock.advance(60);
    let mut cleared = Vec::new();
    while cleared.len() < 4 {
        cleared.push(words(&service.events.next("alert").await));
    }
    monitoring.abort();
    assert_eq!(cleared, CLEARED);
    let shown = service.shown().await;
    assert!(shown.contains("anteroom_error_rate_alert 0\n"), "{shown}");
}

#[tokio::test]
async fn the_first_answer_after_a_quiet_minute_clears_nothing_if_it_is_a_failure() {
    let service = Service::new(HttpLimits::default());
    service.call("/gone", 15).await;
    let _ = service.alerts();
    service.clock.advance(61);
    service.call("/gone", 1).await;
    assert!(service.alerts().is_empty());
    assert!(
        service
            .shown()
            .await
            .contains("anteroom_error_rate_alert 1\n")
    );
    service.clock.advance(60);
    let shown = service.shown().await;
    assert!(shown.contains("anteroom_error_rate_alert 0\n"), "{shown}");
    assert_eq!(service.alerts(), CLEARED);
}

#[tokio::test]
async fn a_hundred_probes_and_refusals_do_not_hide_five_failures_of_five() {
    let service = Service::new(HttpLimits::default());
    service.call("/health", 50).await;
    service.call("/wrong", 50).await;
    for _ in 0..5 {
        service.call("/gone", 1).await;
        service.call("/health", 10).await;
        service.call("/wrong", 10).await;
    }
    assert_eq!(service.alerts(), RAISED);
}

#[tokio::test]
async fn failing_probes_and_refusals_raise_nothing() {
    let service = Service::new(HttpLimits::default());
    service.call("/health/ready", 30).await;
    service.call("/wrong", 30).await;
    assert!(service.alerts().is_empty());
}

#[tokio::test]
async fn another_area_does_not_hide_failures() {
    let service = Service::new(HttpLimits::default());
    for _ in 0..4 {
        service.call("/gone", 1).await;
        service.call("/other", 100).await;
    }
    let login = [
        "login error_rate raised",
        "login consecutive_failures raised",
    ];
    assert_eq!(service.alerts(), login);
}

#[tokio::test]
async fn successes_that_only_prepare_hide_no_failure_and_end_no_run() {
    let service = Service::new(HttpLimits::default());
    for _ in 0..4 {
        service.call("/opens", 100).await;
        service.call("/gone", 1).await;
    }
    assert_eq!(service.alerts(), RAISED);
    service.call("/opens", 100).await;
    assert!(service.alerts().is_empty());
    for area in ["login", "all"] {
        let shown = service.shown().await;
        let rate = format!("anteroom_success_rate{{area=\"{area}\"}} 0.0");
        assert!(shown.lines().any(|line| line == rate), "{shown}");
    }
}

#[tokio::test]
async fn failures_of_what_prepares_are_failures() {
    let service = Service::new(HttpLimits::default());
    for _ in 0..4 {
        send(&service.router, Method::POST, "/opens").await;
    }
    assert_eq!(service.alerts(), RAISED);
    service.call("/opens", 1).await;
    assert!(service.alerts().is_empty());
    service.call("/fine", 100).await;
    let (mut cleared, mut expected) = (service.alerts(), CLEARED);
    cleared.sort();
    expected.sort_unstable();
    assert_eq!(cleared, expected);
}

#[tokio::test]
async fn errors_that_recover_and_errors_that_do_not_are_counted_by_operation_and_area() {
    let service = Service::new(HttpLimits::default());
    let fails = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let routes = {
        let fails = Arc::clone(&fails);
        Router::new().route(
            "/fine",
            get(move || async move {
                match fails.load(std::sync::atomic::Ordering::SeqCst) {
                    true => StatusCode::SERVICE_UNAVAILABLE,
                    false => StatusCode::OK,
                }
            }),
        )
    };
    let entropy = SeededEntropy::new(1);
    let limits = HttpLimits::default();
    let router = with_middleware(
        routes,
        OPERATIONS,
        limits,
        service.metrics.clone(),
        &entropy,
    );
    // The seconds until the next call, and whether it fails.
    for (pause, failing) in [
        (0, true),
        (30, true),
        (10, false),
        (0, true),
        (600, true),
        (9, false),
    ] {
        service.clock.advance(pause);
        fails.store(failing, std::sync::atomic::Ordering::SeqCst);
        send(&router, Method::GET, "/fine").await;
    }
    let shown = service.shown().await;
    let labels = r#"{area="login",operation="fine"}"#;
    for line in [
        format!("anteroom_operation_failures_total{labels} 2"),
        format!("anteroom_operation_recoveries_total{labels} 1"),
        format!("anteroom_operation_failures_overdue_total{labels} 1"),
        format!("anteroom_operation_failing{labels} 0"),
        format!("anteroom_operation_failure_duration_seconds_sum{labels} 649.0"),
        format!("anteroom_operation_failure_duration_seconds_count{labels} 2"),
        r#"anteroom_error_recovery_rate{area="login"} 0.5"#.to_owned(),
        r#"anteroom_error_recovery_rate{area="all"} 0.5"#.to_owned(),
        r#"anteroom_error_recovery_rate{area="device-management"} 1.0"#.to_owned(),
    ] {
        assert!(shown.lines().any(|got| got == line), "{line}\n{shown}");
    }
}
