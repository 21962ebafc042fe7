//! Changes that outlast a session need a recent login or the password, so that a stolen access
//! token does not become a permanent device.

use anteroom_runtime::ClientAddress;
use anteroom_store::DeviceId;
use anteroom_testkit::{LogGuard, TestAccount, TestIssuer, TestLogin};
use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use crate::support::{Answer, Tokens, bearer, call, events, get_as, post, signed};

const EMAIL: &str = "ann@example.com";
const PASSWORD: &str = "correct horse";
const DEVICES: &str = "/v1/devices";
const WHOAMI: &str = "/v1/accounts/whoami";
const DETAIL: &str = "This needs your password again. Please send it along, or log in and try again \
                      within 5 minutes.";

/// An account with the logged-in devices 1 and 2, and a session of device 1.
struct Scene {
    issuer: TestIssuer,
    tokens: Tokens,
}

impl Scene {
    async fn new() -> Self {
        let issuer = TestIssuer::start().await;
        issuer.add_login(TestLogin::new(EMAIL, PASSWORD)).await;
        let tokens = log_in(&issuer, 1).await;
        log_in(&issuer, 2).await;
        Self { issuer, tokens }
    }

    async fn change(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        bearer(&self.issuer, &self.tokens.access, method, path, body).await
    }
}

async fn log_in(issuer: &TestIssuer, device: u32) -> Tokens {
    let body = json!({ "email": EMAIL, "password": PASSWORD, "deviceId": device });
    Tokens::of(&post(issuer, "/auth/login", &body).await)
}

/// Returns the requests that change other devices, with or without a password.
fn changes(password: Option<&str>) -> [(&'static str, &'static str, Option<Value>); 3] {
    let with = |mut body: Value| {
        if let Some(password) = password {
            body["password"] = json!(password);
        }
        body
    };
    let delete = password.map(|_| with(json!({})));
    [
        ("POST", DEVICES, Some(with(json!({ "name": "x" })))),
        ("PATCH", "/v1/devices/2", Some(with(json!({ "name": "x" })))),
        ("DELETE", "/v1/devices/2", delete),
    ]
}

#[tokio::test]
async fn a_session_older_than_five_minutes_registers_renames_and_deletes_no_other_device() {
    for (age, is_recent) in [(299, true), (300, false), (899, false)] {
        let scene = Scene::new().await;
        scene.issuer.clock.advance(age);
        for (method, path, body) in changes(None) {
            let answer = scene.change(method, path, body.as_ref()).await;
            if is_recent {
                assert!(answer.status.is_success(), "{method}");
            } else {
                answer.assert_problem(403, "LOGIN_RECENT_REQUIRED", DETAIL);
            }
        }
    }
}

#[tokio::test]
async fn a_refreshed_session_is_no_younger() {
    let scene = Scene::new().await;
    scene.issuer.clock.advance(300);
    let body = json!({ "refresh_token": scene.tokens.refresh });
    let tokens = Tokens::of(&post(&scene.issuer, "/auth/refresh", &body).await);
    let scene = Scene { tokens, ..scene };
    for (method, path, body) in changes(None) {
        let answer = scene.change(method, path, body.as_ref()).await;
        assert_eq!(answer.code(), "LOGIN_RECENT_REQUIRED", "{method}");
    }
}

#[tokio::test]
async fn the_password_again_lets_an_older_session_change_other_devices() {
    let scene = Scene::new().await;
    scene.issuer.clock.advance(600);
    for (method, path, body) in changes(Some(PASSWORD)) {
        let answer = scene.change(method, path, body.as_ref()).await;
        assert!(answer.status.is_success(), "{method}");
    }
}

#[tokio::test]
async fn a_wrong_password_beside_a_change_counts_as_a_failed_login_and_locks() {
    let scene = Scene::new().await;
    scene.issuer.clock.advance(600);
    let _ = events(&scene.issuer);
    for n in 0..7 {
        let (method, path, body) = changes(Some("another horse"))[n % 3].clone();
        let answer = scene.change(method, path, body.as_ref()).await;
        if n < 5 {
            answer.assert_problem(
                401,
                "LOGIN_INVALID_CREDENTIALS",
                "Invalid email or password",
            );
        } else {
            assert_eq!(answer.code(), "LOGIN_ACCOUNT_LOCKED", "{method}");
        }
    }
    let happened: Vec<_> = events(&scene.issuer);
    let failures = happened.iter().filter(|(name, _)| *name == "login.failed");
    assert_eq!(failures.count(), 7);
    // The right password does not help before the lock ends. Neither does an invalid one.
    let (method, path, body) = changes(Some(PASSWORD))[0].clone();
    let answer = scene.change(method, path, body.as_ref()).await;
    assert_eq!(answer.code(), "LOGIN_ACCOUNT_LOCKED");
    let (method, path, body) = changes(Some("short"))[0].clone();
    let answer = scene.change(method, path, body.as_ref()).await;
    assert_eq!(answer.code(), "LOGIN_VALIDATION_ERROR");
    let (method, path, _) = changes(None)[2].clone();
    let answer = scene
        .change(method, path, Some(&json!({ "password": 1 })))
        .await;
    assert_eq!(answer.code(), "UNPROCESSABLE");
    for n in 0..3 {
        let (method, path, body) = changes(Some("another horse"))[0].clone();
        let answer = scene.change(method, path, body.as_ref()).await;
        let code = if n < 1 {
            "LOGIN_ACCOUNT_LOCKED"
        } else {
            "LOGIN_RATE_LIMITED"
        };
        assert_eq!(answer.code(), code, "{n}");
    }
}

#[tokio::test]
async fn a_device_renames_and_deletes_itself_at_any_time() {
    let scene = Scene::new().await;
    scene.issuer.clock.advance(800);
    let body = json!({ "name": "Kitchen" });
    let renamed = scene.change("PATCH", "/v1/devices/1", Some(&body)).await;
    assert_eq!(renamed.status, 204);
    let deleted = scene.change("DELETE", "/v1/devices/1", None).await;
    assert_eq!(deleted.status, 204);
}

/// Registers a device of the scene's account with a password of its own.
async fn with_password(scene: &Scene) -> TestAccount {
    let body = json!({ "name": "x", "password": PASSWORD });
    let answer = scene.change("POST", DEVICES, Some(&body)).await.json();
    let password = answer["password"].as_str().unwrap().to_owned();
    LogGuard::global().watch_text("device password", &password);
    let whoami = scene.change("GET", WHOAMI, None).await.json();
    TestAccount {
        aci: anteroom_protocol::Aci::parse(whoami["uuid"].as_str().unwrap()).unwrap(),
        pni: None,
        auth_salt: anteroom_protocol::AuthSalt::from_bytes([0; 32]),
        device: DeviceId::new(u32::try_from(answer["deviceId"].as_u64().unwrap()).unwrap())
            .unwrap(),
        password,
    }
}

async fn as_device(
    issuer: &TestIssuer,
    device: &TestAccount,
    (method, path, body): &(&'static str, &'static str, Option<Value>),
) -> Answer {
    let request = signed(Request::builder().method(*method).uri(*path), device)
        .header("content-type", "application/json")
        .extension(ClientAddress::new("203.0.113.1".parse().unwrap()));
    let body = body
        .as_ref()
        .map_or_else(Body::empty, |body| Body::from(body.to_string()));
    call(issuer, request.body(body).unwrap()).await
}

#[tokio::test]
async fn the_password_of_one_device_rules_no_other_device_of_an_account_with_a_login() {
    let scene = Scene::new().await;
    let device = with_password(&scene).await;
    for change in &changes(None) {
        let answer = as_device(&scene.issuer, &device, change).await;
        answer.assert_problem(403, "LOGIN_RECENT_REQUIRED", DETAIL);
    }
    for change in &changes(Some(PASSWORD)) {
        let answer = as_device(&scene.issuer, &device, change).await;
        assert!(answer.status.is_success(), "{}", change.0);
    }
    // For an account without a login a device's password is the strongest proof.
    let issuer = TestIssuer::start().await;
    issuer
        .add_device(&issuer.account, DeviceId::new(2).unwrap())
        .await;
    for change in &changes(None) {
        let answer = as_device(&issuer, &issuer.account, change).await;
        assert!(answer.status.is_success(), "{}", change.0);
    }
}

#[tokio::test]
async fn a_reset_deletes_devices_that_sessions_or_other_devices_gave_a_password_unless_kept() {
    for keep in [None, Some(false), Some(true)] {
        let scene = Scene::new().await;
        let issuer = &scene.issuer;
        let by_session = with_password(&scene).await;
        let change = changes(Some(PASSWORD))[0].clone();
        let answer = as_device(issuer, &by_session, &change).await.json();
        let password = answer["password"].as_str().unwrap().to_owned();
        LogGuard::global().watch_text("device password", &password);
        let by_device = TestAccount {
            device: DeviceId::new(4).unwrap(),
            auth_salt: by_session.auth_salt.clone(),
            password,
            ..by_session
        };
        let by_operator = issuer
            .add_device(&by_session, DeviceId::new(9).unwrap())
            .await;
        let _ = (events(issuer), issuer.mails.take());
        post(issuer, "/auth/password-reset", &json!({ "email": EMAIL })).await;
        issuer.issuer.accounts().background_idle().await;
        let token = issuer.mails.take_token(EMAIL);
        let mut body = json!({ "token": token, "password": "fresh battery staple" });
        if let Some(keep) = keep {
            body["keepDevices"] = json!(keep);
        }
        let confirmed = post(issuer, "/auth/password-reset/confirm", &body).await;
        assert_eq!(confirmed.status, 204);
        let is_kept = keep == Some(true);
        let status = if is_kept { 200 } else { 401 };
        for device in [&by_session, &by_device] {
            assert_eq!(get_as(issuer, device, WHOAMI).await.status, status);
        }
        assert_eq!(get_as(issuer, &by_operator, WHOAMI).await.status, 200);
        let deleted: Vec<_> = events(issuer)
            .into_iter()
            .filter(|(name, _)| *name == "device.deleted")
            .map(|(_, payload)| payload["device_id"].as_u64().unwrap())
            .collect();
        assert_eq!(deleted, if is_kept { vec![] } else { vec![3, 4] });
        let mail = &issuer.mails.take()[0].text;
        assert_eq!(mail.contains("were deleted (2)"), !is_kept, "{mail}");
        assert_eq!(mail.contains("were kept"), is_kept, "{mail}");
        assert!(!mail.contains("://"));
    }
}
