//! The limit of an account's devices, which never locks the owner out.

use anteroom_accounts::LoginLimits;
use anteroom_testkit::{LogGuard, TestIssuer, TestIssuerOptions, TestLogin, TestLoginOptions};
use serde_json::{Value, json};

use crate::support::{Answer, Tokens, bearer, events, post};

const EMAIL: &str = "ann@example.com";
const PASSWORD: &str = "correct horse";
const DEVICES: &str = "/v1/devices";

/// Starts an issuer with high rate limits.
async fn patient() -> TestIssuer {
    let issuer = TestIssuer::start_with(TestIssuerOptions {
        login: TestLoginOptions {
            limits: LoginLimits {
                login: LoginLimits::default().logout,
                ..LoginLimits::default()
            },
            ..TestLoginOptions::default()
        },
        ..TestIssuerOptions::default()
    })
    .await;
    issuer.add_login(TestLogin::new(EMAIL, PASSWORD)).await;
    issuer
}

async fn log_in(issuer: &TestIssuer, device: Option<u32>) -> Answer {
    let body = json!({ "email": EMAIL, "password": PASSWORD, "deviceId": device });
    post(issuer, "/auth/login", &body).await
}

async fn register(issuer: &TestIssuer, tokens: &Tokens) -> Answer {
    let body = json!({ "name": "x" });
    let answer = bearer(issuer, &tokens.access, "POST", DEVICES, Some(&body)).await;
    if let Some(password) = answer.json()["password"].as_str() {
        LogGuard::global().watch_text("device password", password);
    }
    answer
}

async fn listed(issuer: &TestIssuer, tokens: &Tokens) -> Vec<u64> {
    let listed = bearer(issuer, &tokens.access, "GET", DEVICES, None).await;
    let devices: Vec<Value> = listed.json()["devices"].as_array().unwrap().clone();
    devices
        .iter()
        .map(|device| device["id"].as_u64().unwrap())
        .collect()
}

#[tokio::test]
async fn logins_with_a_clean_logout_each_never_lock_a_person_out() {
    let issuer = patient().await;
    for n in 1..=120 {
        issuer.clock.advance(1);
        let tokens = Tokens::of(&log_in(&issuer, None).await);
        let ids = listed(&issuer, &tokens).await;
        assert_eq!(ids.len(), n.min(100));
        // The device that was not seen for longest is replaced.
        assert_eq!(ids[0], u64::try_from(n.saturating_sub(99).max(1)).unwrap());
        let body = json!({ "refresh_token": tokens.refresh });
        assert_eq!(post(&issuer, "/auth/logout", &body).await.status, 204);
    }
}

#[tokio::test]
async fn a_thief_who_registers_devices_up_to_the_limit_does_not_shut_the_owner_out() {
    let issuer = patient().await;
    let stolen = Tokens::of(&log_in(&issuer, None).await);
    for _ in 2..=100 {
        assert_eq!(register(&issuer, &stolen).await.status, 200);
    }
    // A request is refused, because all other devices have passwords of their own.
    let refused = register(&issuer, &stolen).await;
    refused.assert_problem(
        409,
        "DEVICE_LIMIT_REACHED",
        "This account has too many devices. Please delete one first.",
    );
    let _ = events(&issuer);
    issuer.clock.advance(60);
    let owner = Tokens::of(&log_in(&issuer, None).await);
    assert_eq!(owner.device, 101);
    let happened = events(&issuer);
    let audit = happened.iter().find(|(name, _)| *name == "audit").unwrap();
    assert_eq!(audit.1["actor"], "limit");
    assert_eq!(
        audit.1["device_id"], 1,
        "the one without a password of its own"
    );
    let whoami = "/v1/accounts/whoami";
    let gone = bearer(&issuer, &stolen.access, "GET", whoami, None).await;
    assert_eq!(gone.status, 401);
    // The owner's device is the only one without a password now, so that one with a password is
    // replaced.
    let next = Tokens::of(&log_in(&issuer, Some(500)).await);
    let ids = listed(&issuer, &next).await;
    assert_eq!(
        (ids.len(), ids.contains(&101), ids.contains(&500)),
        (100, false, true)
    );
}

#[tokio::test]
async fn a_known_device_displaces_none_and_a_registration_never_the_caller() {
    let issuer = patient().await;
    let first = Tokens::of(&log_in(&issuer, None).await);
    for _ in 2..=100 {
        issuer.clock.advance(1);
        Tokens::of(&log_in(&issuer, None).await);
    }
    assert_eq!(Tokens::of(&log_in(&issuer, Some(100)).await).device, 100);
    let before = listed(&issuer, &first).await;
    assert_eq!(before.len(), 100);
    // Device 1 was not seen for longest, and is the calling one.
    assert_eq!(register(&issuer, &first).await.json()["deviceId"], 101);
    let after = listed(&issuer, &first).await;
    let missing: Vec<_> = before.iter().filter(|id| !after.contains(id)).collect();
    assert_eq!(missing, [&2]);
}
