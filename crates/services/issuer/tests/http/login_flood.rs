//! Floods of logins: they count in all networks of an address, and leave room for others.

use std::{num::NonZeroUsize, time::Duration};

use anteroom_accounts::{HashCost, HashQueueLimits, LoginLimits, PasswordHasher, SignUp};
use anteroom_http_server::HttpLimits;
use anteroom_issuer::IssuingParams;
use anteroom_protocol::Mode;
use anteroom_runtime::WindowSize;
use anteroom_testkit::{TestIssuer, TestIssuerOptions, TestLogin, TestLoginOptions};
use axum::body::Body;
use futures::future::join_all;
use http::Request;
use serde_json::json;
use tower::ServiceExt as _;

use crate::support::post_from;

const LOGIN: &str = "/auth/login";
const PASSWORD: &str = "correct horse";
/// Longer than any queue of these tests on any machine.
const PATIENCE: Duration = Duration::from_secs(600);

#[tokio::test]
async fn everything_that_an_address_is_limited_in_counts_in_its_64_its_56_and_its_48() {
    let twice = WindowSize::new(2.try_into().unwrap(), 60.try_into().unwrap());
    let issuer = TestIssuer::start_with(TestIssuerOptions {
        login: TestLoginOptions {
            sign_up: SignUp::Open,
            limits: LoginLimits {
                login: twice,
                sign_up: twice,
                reset: twice,
                token: twice,
                logout: twice,
                mail: twice,
                ..LoginLimits::default()
            },
            ..TestLoginOptions::default()
        },
        ..TestIssuerOptions::default()
    })
    .await;
    for path in [
        LOGIN,
        "/auth/signup",
        "/auth/password-reset",
        "/auth/refresh",
        "/auth/verify-email",
        "/auth/verify-email/resend",
        "/auth/logout",
    ] {
        for (network, number) in [
            ("192.0.2.1", 2),
            ("2001:db8::#", 2),
            ("2001:db8:1:#::1", 8),
            ("2001:db8:2:#00::1", 32),
            ("2001:db8:3#::1", 40),
        ] {
            let mut counted = 0;
            for n in 0..40 {
                let client = network.replace('#', &format!("{n:02x}"));
                let answer = post_from(&issuer, &client, path, &json!({})).await;
                counted += usize::from(answer.status != 429);
                assert_ne!(answer.status, 404, "{path}");
            }
            assert_eq!(counted, number, "{path} {network}");
        }
    }
}

/// Starts an issuer that hashes one password at a time, slowly.
async fn slow() -> TestIssuer {
    hashing(30, NonZeroUsize::new(128).unwrap(), PATIENCE).await
}

async fn hashing(passes: u32, waiting: NonZeroUsize, longest_wait: Duration) -> TestIssuer {
    let params = IssuingParams::new(Mode::Standard, Vec::new(), Vec::new());
    let plenty = LoginLimits::default().logout;
    let options = TestIssuerOptions {
        login: TestLoginOptions {
            sign_up: SignUp::Open,
            limits: LoginLimits {
                login: plenty,
                ..LoginLimits::default()
            },
            ..TestLoginOptions::default()
        },
        http: HttpLimits {
            request_timeout: PATIENCE,
            ..HttpLimits::default()
        },
        ..TestIssuerOptions::default()
    };
    TestIssuer::start_with_parts(options, params, |parts| {
        let cost = HashCost {
            memory_kib: TestLoginOptions::CHEAP.memory_kib,
            passes: passes.try_into().unwrap(),
        };
        let limits = HashQueueLimits {
            waiting,
            longest_wait,
            ..HashQueueLimits::new(NonZeroUsize::MIN)
        };
        let mut rng = parts.accounts.entropy.rng();
        let hasher = PasswordHasher::new(cost, limits, &parts.accounts.metrics, &mut *rng);
        parts.accounts.login.hasher = hasher.unwrap();
    })
    .await
}

/// Returns the status of a login of the user `user`.
async fn log_in(issuer: &TestIssuer, client: String, user: String) -> u16 {
    let body = json!({ "email": user, "password": PASSWORD });
    post_from(issuer, &client, LOGIN, &body)
        .await
        .status
        .as_u16()
}

fn user(number: usize) -> String {
    format!("user{number}@example.com")
}

async fn add_users(issuer: &TestIssuer, number: usize) {
    for number in 0..number {
        issuer
            .add_login(TestLogin::new(&user(number), PASSWORD))
            .await;
    }
}

#[tokio::test]
async fn tries_from_150_64s_of_one_48_leave_right_logins_from_elsewhere() {
    let issuer = slow().await;
    add_users(&issuer, 25).await;
    let flood = (0..150).map(|n| {
        let nobody = format!("nobody{n}@example.com");
        log_in(&issuer, format!("2001:db8:0:{n:x}::1"), nobody)
    });
    let right = (0..25).map(|n| log_in(&issuer, format!("198.51.100.{n}"), user(n)));
    let (flood, right) = tokio::join!(join_all(flood), join_all(right));
    assert!(
        flood.iter().all(|status| [401, 503].contains(status)),
        "{flood:?}"
    );
    assert!(right.iter().all(|status| *status == 200), "{right:?}");
}

#[tokio::test]
async fn a_known_network_logs_in_during_a_flood_from_everywhere() {
    let issuer = slow().await;
    add_users(&issuer, 5).await;
    let home = |n| format!("203.0.113.{n}");
    for n in 0..5 {
        assert_eq!(log_in(&issuer, home(n), user(n)).await, 200);
    }
    let flood = (0..300).map(|n| {
        let nobody = format!("nobody{n}@example.com");
        log_in(&issuer, format!("10.{}.{}.1", n / 200, n % 200), nobody)
    });
    let known = (0..5).map(|n| log_in(&issuer, home(n), user(n)));
    let (flood, known) = tokio::join!(join_all(flood), join_all(known));
    assert!(
        flood.iter().all(|status| [401, 503].contains(status)),
        "{flood:?}"
    );
    assert_eq!(known, [200; 5]);
}

#[tokio::test]
async fn the_work_of_a_sign_up_finds_a_place_while_logins_have_all_others_at_the_first_try() {
    // One slow hash runs at a time, and no client waits for it.
    let issuer = hashing(20_000, NonZeroUsize::MIN, Duration::ZERO).await;
    let request = Request::post(LOGIN)
        .header("content-type", "application/json")
        .body(Body::from(
            json!({ "email": user(0), "password": PASSWORD }).to_string(),
        ));
    let login = tokio::spawn(issuer.router().oneshot(request.unwrap()));
    while hashes(&issuer).await == 0 {
        tokio::task::yield_now().await;
    }
    let body = json!({ "email": "ann@example.com", "password": PASSWORD });
    let answer = post_from(&issuer, "192.0.2.1", "/auth/signup", &body).await;
    assert_eq!(answer.status, 202);
    assert_eq!(issuer.mails.take().len(), 1);
    assert_eq!(issuer.delays.take(), [Duration::ZERO; 0], "no second try");
    assert_eq!(login.await.unwrap().unwrap().status(), 401);
}

async fn hashes(issuer: &TestIssuer) -> u64 {
    let metrics = issuer.metrics().await;
    let name = "anteroom_password_hashes_total ";
    let number = metrics.lines().find_map(|line| line.strip_prefix(name));
    number.unwrap().parse().unwrap()
}
