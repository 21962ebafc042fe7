//! Logins: every outcome, in its order.

use anteroom_accounts::{LoginLimits, LoginSettings};
use anteroom_protocol::DAY;
use anteroom_runtime::{ClientAddress, Clock as _};
use anteroom_store::{Email, IssuerDatabase as _, LoginOrigin, TransactionName};
use anteroom_testkit::{LogGuard, TestIssuer, TestIssuerOptions, TestLogin, TestLoginOptions};
use axum::body::Body;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::Request;
use serde_json::{Value, json};

use crate::support::{Answer, Tokens, call, events, post, post_from};

const LOGIN: &str = "/auth/login";
const EMAIL: &str = "ann@example.com";
const PASSWORD: &str = "correct horse";

fn body(email: &str, password: &str) -> Value {
    json!({ "email": email, "password": password })
}

async fn log_in(issuer: &TestIssuer, password: &str) -> Answer {
    post(issuer, LOGIN, &body(EMAIL, password)).await
}

/// Starts an issuer with high limits of addresses.
async fn patient() -> TestIssuer {
    let plenty = LoginLimits::default().token;
    TestIssuer::start_with(TestIssuerOptions {
        login: TestLoginOptions {
            limits: LoginLimits {
                login: plenty,
                sign_up: plenty,
                reset: plenty,
                token: plenty,
                logout: plenty,
                mail: plenty,
                ..LoginLimits::default()
            },
            ..TestLoginOptions::default()
        },
        ..TestIssuerOptions::default()
    })
    .await
}

#[track_caller]
fn assert_wrong(answer: &Answer) {
    answer.assert_problem(
        401,
        "LOGIN_INVALID_CREDENTIALS",
        "Invalid email or password",
    );
    assert_eq!(
        answer.header("www-authenticate"),
        Some("Bearer realm=\"anteroom\"")
    );
}

async fn failures(issuer: &TestIssuer) -> u32 {
    let name = TransactionName::new("test");
    let mut reader = issuer.database.read(name).await.unwrap();
    let email = Email::parse(EMAIL).unwrap();
    let now = issuer.clock.now();
    let network = ClientAddress::new("203.0.113.1".parse().unwrap()).limit_group();
    let origin = LoginOrigin::Network(network);
    let policy = LoginSettings::new("").lock;
    let failures = reader.login_failures(&email, &origin, now, policy).await;
    failures.unwrap().count
}

#[tokio::test]
async fn auth_login_gives_access_token_refresh_token_token_type_bearer_expires_in_and_user() {
    let issuer = TestIssuer::start().await;
    let aci = issuer.add_login(TestLogin::new(EMAIL, PASSWORD)).await;
    let user_id = issuer.pseudonymizer.account(&aci).to_string();
    let answer = log_in(&issuer, PASSWORD).await;
    let tokens = Tokens::of(&answer);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(
        answer.json(),
        json!({
            "access_token": tokens.access,
            "refresh_token": tokens.refresh,
            "token_type": "Bearer",
            "expires_in": 900,
            "user": { "id": aci.to_uuid_string(), "email": EMAIL },
            "deviceId": 1,
        })
    );
    let happened = events(&issuer);
    let names: Vec<_> = happened.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["login.success", "device.registered"]);
    assert_eq!(happened[1].1, json!({ "user_id": user_id, "device_id": 1 }));
    let claims = tokens.access.split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    assert_eq!(claims["iss"], "https://issuer.example");
    assert_eq!(claims["sub"], aci.to_uuid_string());
}

#[tokio::test]
async fn the_device_is_the_named_one_or_a_new_one() {
    let issuer = TestIssuer::start().await;
    issuer.add_login(TestLogin::new(EMAIL, PASSWORD)).await;
    for (wanted, name, expected) in [
        (None, None, 1),
        (None, Some("Küche 📱"), 2),
        (Some(7), Some("seven"), 7),
        (Some(7), None, 7),
        (Some(2), Some("Kitchen"), 2),
        (None, None, 8),
    ] {
        let mut body = body(EMAIL, PASSWORD);
        body["deviceId"] = json!(wanted);
        body["deviceName"] = json!(name);
        let tokens = Tokens::of(&post(&issuer, LOGIN, &body).await);
        assert_eq!(tokens.device, expected, "{wanted:?}");
    }
    let tokens = Tokens::of(&log_in(&issuer, PASSWORD).await);
    let listed = crate::support::bearer(&issuer, &tokens.access, "GET", "/v1/devices", None).await;
    let devices = listed.json()["devices"].clone();
    let names: Vec<_> = devices
        .as_array()
        .unwrap()
        .iter()
        .map(|device| {
            (
                device["id"].as_u64().unwrap(),
                device["name"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        names,
        [
            (1, "Device 1"),
            (2, "Kitchen"),
            (7, "seven"),
            (8, "Device 8"),
            (9, "Device 9")
        ]
    );
}

#[tokio::test]
async fn email_trimmed_and_case_insensitive_in_any_script() {
    let issuer = patient().await;
    for (stored, typed) in [
        ("ann@example.com", "  ANN@Example.com "),
        ("åsa@exempel.se", "ÅSA@EXEMPEL.SE"),
        ("иван@xn--e1afmkfd.xn--p1ai", "Иван@Пример.РФ"),
        ("用户@xn--fsqu00a.xn--4rr70v", "用户@例子.广告"),
        ("علي@xn--mgbh0fb.xn--kgbechtv", "علي@مثال.إختبار"),
        ("o'brien+tag@sub.example", "O'Brien+tag@SUB.example"),
    ] {
        issuer
            .add_login(TestLogin::new(stored, "pâté en croûte"))
            .await;
        LogGuard::global().watch_text("email", typed.trim());
        let answer = post(
            &issuer,
            LOGIN,
            &body(typed, "pa\u{302}te\u{301} en crou\u{302}te"),
        )
        .await;
        assert_eq!(answer.status, 200, "{typed}");
        assert_eq!(answer.json()["user"]["email"], stored);
    }
}

#[tokio::test]
async fn unknown_email_and_wrong_password_same_body_and_status() {
    let issuer = TestIssuer::start().await;
    issuer.add_login(TestLogin::new(EMAIL, PASSWORD)).await;
    let mut answers = Vec::new();
    for email in [EMAIL, "bob@example.com"] {
        let answer = post(&issuer, LOGIN, &body(email, "another horse")).await;
        assert_wrong(&answer);
        let happened = events(&issuer);
        assert_eq!(happened.len(), 1);
        assert_eq!(happened[0].0, "login.failed");
        answers.push(answer.body);
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn a_success_resets_the_failure_count_and_creates_the_session_in_one_transaction() {
    let issuer = patient().await;
    issuer.add_login(TestLogin::new(EMAIL, PASSWORD)).await;
    for _ in 0..3 {
        for _ in 0..3 {
            assert_wrong(&log_in(&issuer, "another horse").await);
        }
        assert_eq!(failures(&issuer).await, 3);
        assert_eq!(log_in(&issuer, PASSWORD).await.status, 200);
        assert_eq!(failures(&issuer).await, 0);
    }
    // Failures that are older than the lock no longer count.
    for _ in 0..4 {
        assert_wrong(&log_in(&issuer, "another horse").await);
    }
    issuer.clock.advance(900);
    for _ in 0..4 {
        assert_wrong(&log_in(&issuer, "another horse").await);
    }
    assert_eq!(log_in(&issuer, PASSWORD).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn attempts_that_come_at_once_get_no_more_tries_than_the_lock_allows() {
    let issuer = patient().await;
    issuer.add_login(TestLogin::new(EMAIL, PASSWORD)).await;
    let wrong = body(EMAIL, "another horse");
    let attempts = (0..20).map(|_| post(&issuer, LOGIN, &wrong));
    let answers = futures_join(attempts).await;
    let tried = answers.iter().filter(|answer| answer.status == 401).count();
    let locked = answers.iter().filter(|answer| answer.status == 423).count();
    assert_eq!((tried, locked), (5, 15));
    assert_eq!(log_in(&issuer, PASSWORD).await.status, 423);
    let happened = events(&issuer);
    let locks = happened.iter().filter(|(name, _)| *name == "login.locked");
    assert_eq!(locks.count(), 1);
}

/// Waits for all futures at the same time.
async fn futures_join<T>(futures: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    futures::future::join_all(futures).await
}

#[tokio::test]
async fn rate_limit_at_most_10_in_any_minute_per_ip_before_any_database_look_up() {
    let issuer = TestIssuer::start().await;
    issuer.add_login(TestLogin::new(EMAIL, PASSWORD)).await;
    for n in 0..10 {
        let email = format!("user{n}@example.com");
        assert_wrong(&post(&issuer, LOGIN, &body(&email, PASSWORD)).await);
    }
    // Without a database the answer is the same: nothing was looked up or parsed.
    issuer.database.close().await;
    for request in [body(EMAIL, PASSWORD), json!(null), json!({ "email": 1 })] {
        let answer = post(&issuer, LOGIN, &request).await;
        answer.assert_problem(
            429,
            "LOGIN_RATE_LIMITED",
            "Too many login attempts. Please wait a moment.",
        );
        assert_eq!(answer.header("retry-after"), Some("61"));
    }
    // Another address, and another IPv6 network, have windows of their own.
    for (client, status) in [
        ("203.0.113.2", 503),
        ("2001:db8::1", 503),
        ("::ffff:203.0.113.1", 429),
    ] {
        let answer = post_from(&issuer, client, LOGIN, &body(EMAIL, PASSWORD)).await;
        assert_eq!(answer.status, status, "{client}");
    }
}

#[tokio::test]
async fn at_most_10_in_any_minute_at_any_offset() {
    let issuer = TestIssuer::start().await;
    let start = issuer.clock.now();
    let mut granted = Vec::new();
    for second in 0..200 {
        issuer.clock.set(start.plus(second));
        let email = format!("user{second}@example.com");
        let answer = post(&issuer, LOGIN, &body(&email, PASSWORD)).await;
        if answer.status != 429 {
            granted.push(second);
        }
    }
    assert_eq!(granted.len(), 40);
    for first in 0..200 {
        let span = first..=first + 60;
        let number = granted.iter().filter(|second| span.contains(*second));
        assert!(number.count() <= 10, "from {first}");
    }
}

#[tokio::test]
async fn disabled_and_unverified_are_told_only_after_the_right_password() {
    let issuer = patient().await;
    let login = TestLogin {
        verified: false,
        ..TestLogin::new(EMAIL, PASSWORD)
    };
    let aci = issuer.add_login(login).await;
    assert_wrong(&log_in(&issuer, "another horse").await);
    log_in(&issuer, PASSWORD).await.assert_problem(
        403,
        "LOGIN_EMAIL_NOT_VERIFIED",
        "Please verify your email address to continue",
    );
    // Disabled comes before unverified.
    issuer.set_disabled(&aci, true).await;
    assert_wrong(&log_in(&issuer, "another horse").await);
    log_in(&issuer, PASSWORD).await.assert_problem(
        403,
        "LOGIN_ACCOUNT_DISABLED",
        "This account has been disabled. Please contact support.",
    );
    // A wrong password counts, and the lock comes first.
    assert_eq!(failures(&issuer).await, 2);
    for _ in 0..3 {
        assert_wrong(&log_in(&issuer, "another horse").await);
    }
    log_in(&issuer, PASSWORD).await.assert_problem(
        423,
        "LOGIN_ACCOUNT_LOCKED",
        "Account temporarily locked. Please try again later.",
    );
}

#[tokio::test]
async fn input_out_of_bounds_is_422_without_an_echo() {
    let issuer = patient().await;
    issuer.add_login(TestLogin::new(EMAIL, PASSWORD)).await;
    let with = |member: &str, value: Value| {
        let mut body = body(EMAIL, PASSWORD);
        body[member] = value;
        body
    };
    let long = format!("{}@example.com", "x".repeat(244));
    for refused in [
        json!(null),
        json!([]),
        json!("text"),
        json!({}),
        json!({ "email": EMAIL }),
        json!({ "password": PASSWORD }),
        with("email", json!(null)),
        with("email", json!(7)),
        with("email", json!("")),
        with("email", json!("ann")),
        with("email", json!("@example.com")),
        with("email", json!("ann@")),
        with("email", json!("ann@exam ple.com")),
        with("email", json!("ann@localhost")),
        with("email", json!("ann@example.com.")),
        with("email", json!("ann@b@example.com")),
        with("email", json!("mailto:ann@example.com")),
        with("email", json!("<ann@example.com>")),
        with("email", json!("a\u{200b}nn@example.com")),
        with("email", json!("ann@exam\u{feff}ple.com")),
        with("email", json!("a\u{202e}nn@example.com")),
        with("email", json!(format!("{}@example.com", "x".repeat(65)))),
        with("email", json!("ann@example.com\u{0}")),
        with("email", json!(long)),
        with("password", json!("seven c")),
        with("password", json!("x".repeat(65))),
        with("password", json!(["correct horse"])),
        with("password", json!("control\u{1b}horse")),
        with("remember_me", json!("yes")),
        with("deviceId", json!(0)),
        with("deviceId", json!(-1)),
        with("deviceId", json!(1.5)),
        with("deviceId", json!(4_294_967_296_u64)),
        with("deviceId", json!("1")),
        with("deviceName", json!(1)),
    ] {
        post(&issuer, LOGIN, &refused).await.assert_problem(
            422,
            "LOGIN_VALIDATION_ERROR",
            "Please check your input and try again",
        );
    }
    let name = with("deviceName", json!("ä".repeat(101)));
    post(&issuer, LOGIN, &name).await.assert_problem(
        400,
        "DEVICE_DISPLAY_NAME_TOO_LONG",
        "Device display name is too long (maximum 100 characters)",
    );
    assert_eq!(events(&issuer), []);
    assert_eq!(failures(&issuer).await, 0);
    // Unknown members are ignored.
    let name = with("deviceName", json!("ä".repeat(100)));
    assert_eq!(post(&issuer, LOGIN, &name).await.status, 200);
    assert_eq!(
        post(&issuer, LOGIN, &with("more", json!(1))).await.status,
        200
    );
}

#[tokio::test]
async fn other_bodies_are_refused_by_type_and_size() {
    let issuer = patient().await;
    for (kind, text, status) in [
        ("text/plain", "{}".to_owned(), 415),
        (
            "application/x-www-form-urlencoded",
            "email=a&password=b".to_owned(),
            415,
        ),
        ("application/json", "{".to_owned(), 422),
        (
            "application/json",
            format!("{{\"email\":\"{}\"}}", "x".repeat(65_536)),
            413,
        ),
    ] {
        let request = Request::post(LOGIN)
            .header("content-type", kind)
            .body(Body::from(text));
        assert_eq!(call(&issuer, request.unwrap()).await.status, status);
    }
}

#[tokio::test]
async fn a_hash_at_an_older_cost_is_made_anew() {
    let issuer = patient().await;
    let mut cost = TestLoginOptions::CHEAP;
    cost.passes = cost.passes.saturating_add(1);
    issuer
        .add_login(TestLogin {
            cost,
            ..TestLogin::new(EMAIL, PASSWORD)
        })
        .await;
    for expected in ["$argon2id$v=19$m=8,t=2,p=1$", "$argon2id$v=19$m=8,t=1,p=1$"] {
        let name = TransactionName::new("test");
        let mut reader = issuer.database.read(name).await.unwrap();
        let email = Email::parse(EMAIL).unwrap();
        let (login, _) = reader.login_by_email(&email).await.unwrap().unwrap();
        assert!(login.verifier.as_str().starts_with(expected));
        drop(reader);
        assert_eq!(log_in(&issuer, PASSWORD).await.status, 200);
    }
}

#[tokio::test]
async fn without_the_database_who_logs_in_is_told_to_wait() {
    let issuer = TestIssuer::start().await;
    issuer.add_login(TestLogin::new(EMAIL, PASSWORD)).await;
    issuer.clock.advance(DAY);
    issuer.database.close().await;
    log_in(&issuer, PASSWORD).await.assert_problem(
        503,
        "UNAVAILABLE",
        "The service cannot answer at the moment. Please try again.",
    );
    assert_eq!(events(&issuer), []);
}
