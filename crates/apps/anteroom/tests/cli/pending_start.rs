//! A service whose database cannot be opened at its start: its counters, alerts and probes.

use std::fs;

use serde_json::Value;

use crate::{
    database_failures::{FailureFixture, damage, stopped_place, until},
    directory::{ServeProcess, TestDirectory},
};

const LOGIN: &str = r#"{"email":"ann@example.org","password":"correct horse"}"#;
const JSON: &str = "content-type: application/json";

/// Services of which one waits for its database, with the original content of the file.
struct PendingStartFixture {
    fixture: FailureFixture,
    database: &'static str,
    whole: Vec<u8>,
}

impl PendingStartFixture {
    fn start(database: &'static str, failing: &str) -> Self {
        let (mut place, account) = stopped_place();
        let add = ["account", "add", "--email", "ann@example.org"];
        let added = place.run_with_input(
            &[&add[..], &["--password-file", "-"]].concat(),
            "correct horse\n",
        );
        assert!(added.status.success(), "{added:?}");
        for (name, value) in [
            ("ANTEROOM_ADMIN_LISTEN", "127.0.0.1:0"),
            ("ANTEROOM_ROOMS_INTERNAL_LISTEN", "127.0.0.1:0"),
            ("ANTEROOM_EVENTS_FILE", "issuer.jsonl"),
            ("ANTEROOM_EVENTS_ROOMS_FILE", "rooms.jsonl"),
        ] {
            place.set(name, value);
        }
        let path = place.data().join(database);
        let whole = fs::read(&path).unwrap();
        damage(&path);
        let said = format!("the {failing} does not run");
        let mut service = ServeProcess::start_until(place.anteroom(&["serve"]), &said);
        service.wait_for("the room service listens on");
        let data = place.data();
        Self {
            fixture: FailureFixture::of(place, service, account, data),
            database,
            whole,
        }
    }

    fn heal(&mut self, failing: &str) {
        fs::write(self.fixture.file(self.database), &self.whole).unwrap();
        self.fixture
            .service
            .wait_for(&format!("the {failing} runs"));
    }

    fn log_in(&self) -> u16 {
        let flags = ["--header", JSON, "--data", LOGIN];
        self.fixture.ask("issuer", "/auth/login", &flags).status
    }

    /// Returns the lines of a page of metrics.
    fn metrics(&self, page: &str) -> Vec<String> {
        let url = format!("{}{page}", self.fixture.url("admin"));
        let mut curl = self.fixture.place.command("curl");
        curl.args(["--silent", "--fail", "--noproxy", "*", &url]);
        let output = curl.output().unwrap();
        assert!(output.status.success(), "{url}: {output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    #[track_caller]
    fn assert_metrics(&self, page: &str, expected: &[&str]) {
        let lines = self.metrics(page);
        for line in expected {
            assert!(lines.iter().any(|got| got == line), "{line}: {lines:#?}");
        }
    }
}

/// Returns whether an event file has an alert of this area, rule and state.
fn has_alert(place: &TestDirectory, file: &str, area: &str, rule: &str, state: &str) -> bool {
    let text = fs::read_to_string(place.path().join(file)).unwrap();
    // The last line may be incomplete.
    let mut events = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    events.any(|event| {
        let payload = &event["payload"];
        event["event"] == "alert"
            && payload["area"] == area
            && payload["rule"] == rule
            && payload["state"] == state
    })
}

const RULES: [&str; 2] = ["error_rate", "consecutive_failures"];

#[test]
fn logins_at_an_issuer_that_waits_raise_the_alert_and_its_counters_go_on_when_it_runs() {
    let mut waiting = PendingStartFixture::start("issuer.db", "issuer");
    for _ in 0..30 {
        assert_eq!(waiting.log_in(), 503);
    }
    let failed =
        r#"anteroom_operations_total{area="login",operation="log-in",outcome="failed"} 30"#;
    waiting.assert_metrics(
        "/metrics",
        &[
            failed,
            r#"anteroom_alert{area="login",rule="error_rate"} 1"#,
            r#"anteroom_alert{area="login",rule="consecutive_failures"} 1"#,
            r#"anteroom_alert{area="all",rule="consecutive_failures"} 1"#,
            r#"anteroom_dependency_failing{dependency="database"} 1"#,
        ],
    );
    let place = &waiting.fixture.place;
    for rule in RULES {
        until("the alert", || {
            has_alert(place, "issuer.jsonl", "login", rule, "raised")
        });
    }

    waiting.heal("issuer");
    until("a login", || waiting.log_in() == 200);
    // Successful requests of the same area, until failures are less than one in twenty.
    let url = format!(
        "{}/.well-known/jwks.json?[1-600]",
        waiting.fixture.url("issuer")
    );
    let mut curl = waiting.fixture.place.command("curl");
    curl.args(["--silent", "--fail", "--noproxy", "*", &url]);
    assert!(curl.output().unwrap().status.success());
    waiting.assert_metrics(
        "/metrics",
        &[
            failed,
            r#"anteroom_operations_total{area="login",operation="log-in",outcome="succeeded"} 1"#,
            r#"anteroom_alert{area="login",rule="error_rate"} 0"#,
            r#"anteroom_alert{area="login",rule="consecutive_failures"} 0"#,
            r#"anteroom_dependency_failing{dependency="database"} 0"#,
            r#"anteroom_dependency_recoveries_total{dependency="database"} 1"#,
        ],
    );
    let place = &waiting.fixture.place;
    for rule in RULES {
        until("the end of the alert", || {
            has_alert(place, "issuer.jsonl", "login", rule, "cleared")
        });
    }
    waiting.fixture.assert_works();
    waiting.fixture.stop();
}

#[test]
fn a_room_service_that_waits_counts_by_operation_raises_the_alert_and_says_that_its_process_lives()
{
    let mut waiting = PendingStartFixture::start("rooms.db", "room service");
    let fixture = &waiting.fixture;
    for _ in 0..5 {
        fixture.get("rooms", "/v1/call-link").assert_unavailable();
    }
    let flags = ["--request", "DELETE"];
    fixture
        .ask("internal", "/v2/conference/room/era", &flags)
        .assert_unavailable();
    // The other listener's operations, and no operation.
    for (service, path) in [
        ("internal", "/v1/call-link"),
        ("rooms", "/v1/call-link-approvals"),
        ("rooms", "/no/such/path"),
    ] {
        fixture.get(service, path).assert_unavailable();
    }
    for (service, path, status) in [
        ("rooms", "/health", 200),
        ("rooms", "/health/live", 204),
        ("rooms", "/health/ready", 503),
        // The path reports the state of the database.
        ("internal", "/health", 503),
    ] {
        assert_eq!(fixture.ask(service, path, &[]).status, status, "{path}");
    }
    let counted = |operation: &str, number: u32| {
        format!(
            "anteroom_operations_total{{area=\"group-call-signaling\",operation=\"{operation}\",\
             outcome=\"failed\"}} {number}"
        )
    };
    let counters = [
        counted("read-link", 5),
        counted("end-call", 1),
        counted("replace-approvals", 0),
    ];
    let counters = counters.each_ref().map(String::as_str);
    waiting.assert_metrics("/rooms/metrics", &counters);
    let raised = r#"anteroom_alert{area="group-call-signaling",rule="consecutive_failures"} 1"#;
    waiting.assert_metrics("/rooms/metrics", &[raised]);
    let place = &waiting.fixture.place;
    until("the alert", || {
        let area = "group-call-signaling";
        has_alert(place, "rooms.jsonl", area, "consecutive_failures", "raised")
    });

    waiting.heal("room service");
    waiting.fixture.assert_works();
    waiting.assert_metrics("/rooms/metrics", &counters);
    assert_eq!(waiting.fixture.ask("rooms", "/health", &[]).status, 200);
    waiting.fixture.stop();
}
