//! The events of logins: exactly their members, and no address in the clear.

use anteroom_protocol::Aci;
use anteroom_runtime::{ClientAddress, Clock as _};
use anteroom_testkit::{TestIssuer, TestIssuerOptions, TestLogin, TestLoginOptions};
use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use crate::support::{Answer, Tokens, call, events};

const EMAIL: &str = "ann@example.com";
const PASSWORD: &str = "correct horse";
const WRONG: &str = "another horse";
const CLIENT: &str = "203.0.113.1";
const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

async fn start(personal_events: bool, verified: bool) -> (TestIssuer, Aci) {
    let issuer = TestIssuer::start_with(TestIssuerOptions {
        login: TestLoginOptions {
            personal_events,
            ..TestLoginOptions::default()
        },
        ..TestIssuerOptions::default()
    })
    .await;
    let login = TestLogin {
        verified,
        ..TestLogin::new(EMAIL, PASSWORD)
    };
    let aci = issuer.add_login(login).await;
    (issuer, aci)
}

async fn log_in(issuer: &TestIssuer, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    let request = Request::post("/auth/login")
        .header("content-type", "application/json")
        .header("user-agent", AGENT)
        .extension(ClientAddress::new(CLIENT.parse().unwrap()))
        .body(Body::from(body.to_string()));
    call(issuer, request.unwrap()).await
}

fn address(issuer: &TestIssuer) -> String {
    let client = ClientAddress::new(CLIENT.parse().unwrap());
    issuer.pseudonymizer.address(client).to_string()
}

fn user_id(issuer: &TestIssuer, aci: &Aci) -> String {
    issuer.pseudonymizer.account(aci).to_string()
}

fn email(issuer: &TestIssuer, email: &str) -> String {
    issuer.pseudonymizer.email(email).to_string()
}

fn only(issuer: &TestIssuer, name: &str) -> Value {
    let happened = events(issuer);
    let mut found = happened.into_iter().filter(|(found, _)| *found == name);
    let (_, payload) = found.next().unwrap();
    assert!(found.next().is_none());
    payload
}

#[tokio::test]
async fn login_success_has_user_id_email_timestamp_ip_address_user_agent_session_id() {
    let (issuer, aci) = start(false, true).await;
    let tokens = Tokens::of(&log_in(&issuer, EMAIL, PASSWORD).await);
    let claims = tokens.access.split('.').nth(1).unwrap();
    let decode = |text: &str| {
        let engine = &base64::engine::general_purpose::URL_SAFE_NO_PAD;
        base64::Engine::decode(engine, text).unwrap()
    };
    let claims: Value = serde_json::from_slice(&decode(claims)).unwrap();
    let session: [u8; 16] = decode(claims["sid"].as_str().unwrap()).try_into().unwrap();
    assert_eq!(
        only(&issuer, "login.success"),
        json!({
            "user_id": user_id(&issuer, &aci),
            "email": email(&issuer, EMAIL),
            "timestamp": issuer.clock.now().as_secs(),
            "ip_address": address(&issuer),
            "user_agent": "Firefox 128",
            "session_id": issuer.pseudonymizer.session(&session).to_string(),
        })
    );
}

#[tokio::test]
async fn login_failed_has_email_timestamp_ip_address_user_agent_attempt_count_reason() {
    let (issuer, aci) = start(false, true).await;
    let expected = |address_of: &str, count: u32, reason: &str| {
        json!({
            "email": email(&issuer, address_of),
            "timestamp": issuer.clock.now().as_secs(),
            "ip_address": address(&issuer),
            "user_agent": "Firefox 128",
            "attempt_count": count,
            "reason": reason,
        })
    };
    for count in 1..=2 {
        for address_of in [EMAIL, "bob@example.com"] {
            log_in(&issuer, address_of, WRONG).await;
            let payload = only(&issuer, "login.failed");
            assert_eq!(payload, expected(address_of, count, "invalid_credentials"));
        }
    }
    issuer.set_disabled(&aci, true).await;
    log_in(&issuer, EMAIL, PASSWORD).await;
    assert_eq!(
        only(&issuer, "login.failed"),
        expected(EMAIL, 2, "disabled")
    );
    for _ in 0..3 {
        log_in(&issuer, EMAIL, WRONG).await;
    }
    let _ = events(&issuer);
    log_in(&issuer, EMAIL, PASSWORD).await;
    assert_eq!(only(&issuer, "login.failed"), expected(EMAIL, 5, "locked"));
}

#[tokio::test]
async fn login_failed_also_tells_of_a_refresh_token_that_was_used_again() {
    let (issuer, _) = start(false, true).await;
    let tokens = Tokens::of(&log_in(&issuer, EMAIL, PASSWORD).await);
    let refresh = async || {
        let body = json!({ "refresh_token": tokens.refresh });
        crate::support::post(&issuer, "/auth/refresh", &body).await
    };
    assert_eq!(refresh().await.status, 200);
    issuer.clock.advance(11);
    assert_eq!(refresh().await.status, 401);
    assert_eq!(
        only(&issuer, "login.failed"),
        json!({
            "email": email(&issuer, EMAIL),
            "timestamp": issuer.clock.now().as_secs(),
            "ip_address": address(&issuer),
            "user_agent": "other",
            "attempt_count": 0,
            "reason": "refresh_token_reused",
        })
    );
}

#[tokio::test]
async fn login_locked_has_email_user_id_timestamp_lockout_until_attempt_count() {
    let (issuer, aci) = start(false, true).await;
    for (address_of, user) in [
        (EMAIL, json!(user_id(&issuer, &aci))),
        ("bob@example.com", json!(null)),
    ] {
        for _ in 0..5 {
            log_in(&issuer, address_of, WRONG).await;
        }
        let now = issuer.clock.now();
        assert_eq!(
            only(&issuer, "login.locked"),
            json!({
                "email": email(&issuer, address_of),
                "user_id": user,
                "timestamp": now.as_secs(),
                "lockout_until": now.plus(900).as_secs(),
                "attempt_count": 5,
            })
        );
    }
}

#[tokio::test]
async fn login_unverified_has_user_id_email_timestamp() {
    let (issuer, aci) = start(false, false).await;
    assert_eq!(log_in(&issuer, EMAIL, PASSWORD).await.status, 403);
    assert_eq!(
        events(&issuer),
        [(
            "login.unverified",
            json!({
                "user_id": user_id(&issuer, &aci),
                "email": email(&issuer, EMAIL),
                "timestamp": issuer.clock.now().as_secs(),
            })
        )]
    );
}

#[tokio::test]
async fn only_with_the_setting_are_emails_and_addresses_in_the_clear() {
    let (issuer, aci) = start(true, true).await;
    Tokens::of(&log_in(&issuer, EMAIL, PASSWORD).await);
    let success = only(&issuer, "login.success");
    assert_eq!(success["email"], EMAIL);
    assert_eq!(success["ip_address"], CLIENT);
    assert_eq!(success["user_id"], user_id(&issuer, &aci));
    for _ in 0..5 {
        log_in(&issuer, EMAIL, WRONG).await;
    }
    for (name, payload) in events(&issuer) {
        assert_eq!(payload["email"], EMAIL, "{name}");
    }
}
