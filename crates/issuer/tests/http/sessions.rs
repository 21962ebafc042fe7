//! Sessions: what their tokens are good for, how they go on and how they end.

use anteroom_protocol::{Aci, DAY};
use anteroom_service::Clock as _;
use anteroom_store::{DeviceId, IssuerDatabase as _, TransactionName};
use anteroom_testkit::{TestIssuer, TestLogin};
use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use crate::support::{Answer, Tokens, bearer, call, events, get, post};

const EMAIL: &str = "ann@example.com";
const PASSWORD: &str = "correct horse";
const WHOAMI: &str = "/v1/accounts/whoami";

async fn start() -> (TestIssuer, Aci) {
    let issuer = TestIssuer::start().await;
    let aci = issuer.add_login(TestLogin::new(EMAIL, PASSWORD)).await;
    (issuer, aci)
}

async fn log_in(issuer: &TestIssuer, remember: bool) -> Tokens {
    let body = json!({ "email": EMAIL, "password": PASSWORD, "remember_me": remember });
    Tokens::of(&post(issuer, "/auth/login", &body).await)
}

async fn refresh(issuer: &TestIssuer, token: &str) -> Answer {
    post(issuer, "/auth/refresh", &json!({ "refresh_token": token })).await
}

async fn whoami(issuer: &TestIssuer, tokens: &Tokens) -> Answer {
    bearer(issuer, &tokens.access, "GET", WHOAMI, None).await
}

#[track_caller]
fn assert_ended(answer: &Answer) {
    answer.assert_problem(
        401,
        "LOGIN_SESSION_ENDED",
        "The session has ended. Please log in again.",
    );
}

#[tokio::test]
async fn an_access_token_is_good_for_everything_for_15_minutes() {
    let (issuer, aci) = start().await;
    let tokens = log_in(&issuer, false).await;
    let answer = whoami(&issuer, &tokens).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["uuid"], aci.to_uuid_string());
    assert_eq!(answer.json()["deviceId"], 1);
    let today = issuer.clock.now().start_of_day().as_secs();
    let range = format!("redemptionStartSeconds={today}&redemptionEndSeconds={today}");
    for path in ["/v1/certificate/auth/group", "/v1/call-link/auth"] {
        let path = format!("{path}?{range}");
        let answer = bearer(&issuer, &tokens.access, "GET", &path, None).await;
        assert_eq!(answer.status, 200);
    }
    issuer.clock.advance(899);
    assert_eq!(whoami(&issuer, &tokens).await.status, 200);
    issuer.clock.advance(1);
    assert_eq!(whoami(&issuer, &tokens).await.status, 401);
}

#[tokio::test]
async fn a_session_goes_on_for_7_days_without_use_or_30() {
    for (remember, days) in [(false, 7), (true, 30)] {
        let (issuer, aci) = start().await;
        let mut tokens = log_in(&issuer, remember).await;
        // It may be used again and again.
        for _ in 0..3 {
            issuer.clock.advance(days * DAY - 1);
            let answer = refresh(&issuer, &tokens.refresh).await;
            let next = Tokens::of(&answer);
            assert_eq!(answer.json()["user"]["id"], aci.to_uuid_string());
            assert_eq!(answer.json()["user"]["email"], EMAIL);
            assert_ne!(next.refresh, tokens.refresh);
            assert_eq!(whoami(&issuer, &next).await.status, 200);
            tokens = next;
        }
        issuer.clock.advance(days * DAY);
        assert_ended(&refresh(&issuer, &tokens.refresh).await);
    }
}

#[tokio::test]
async fn a_refresh_token_that_is_used_again_ends_its_whole_family() {
    let (issuer, aci) = start().await;
    let account_id = issuer.pseudonymizer.account(&aci).to_string();
    let other = log_in(&issuer, false).await;
    let first = log_in(&issuer, false).await;
    let second = Tokens::of(&refresh(&issuer, &first.refresh).await);
    let third = Tokens::of(&refresh(&issuer, &second.refresh).await);
    assert_eq!(whoami(&issuer, &third).await.status, 200);
    let _ = events(&issuer);

    assert_ended(&refresh(&issuer, &first.refresh).await);
    let payload = json!({ "account_id": account_id, "reason": "refresh_token_reused" });
    assert_eq!(events(&issuer), [("login.failed", payload)]);
    for tokens in [&first, &second, &third] {
        assert_ended(&refresh(&issuer, &tokens.refresh).await);
        assert_eq!(whoami(&issuer, tokens).await.status, 401);
    }
    // Other sessions of the account go on.
    assert_eq!(whoami(&issuer, &other).await.status, 200);
    Tokens::of(&refresh(&issuer, &other.refresh).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_refreshes_that_come_at_once_one_wins_at_most_and_the_session_ends() {
    let (issuer, _) = start().await;
    let tokens = log_in(&issuer, false).await;
    let answers =
        futures::future::join_all((0..8).map(|_| refresh(&issuer, &tokens.refresh))).await;
    let won: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status == 200)
        .collect();
    assert_eq!(won.len(), 1);
    assert_ended(&refresh(&issuer, &Tokens::of(won[0]).refresh).await);
}

#[tokio::test]
async fn what_is_no_refresh_token_is_refused() {
    let (issuer, _) = start().await;
    let tokens = log_in(&issuer, false).await;
    let unknown = "A".repeat(43);
    for (text, status) in [
        (json!(unknown), 401),
        (json!(""), 401),
        (json!(tokens.access), 401),
        (json!(format!("{} ", tokens.refresh)), 401),
        (json!("\u{1f511}"), 401),
        (json!(null), 422),
        (json!(1), 422),
    ] {
        let body = json!({ "refresh_token": text });
        let answer = post(&issuer, "/auth/refresh", &body).await;
        assert_eq!(answer.status, status, "{text}");
    }
    assert_eq!(refresh(&issuer, &tokens.refresh).await.status, 200);
}

#[tokio::test]
async fn a_logout_ends_the_session_by_either_token() {
    let (issuer, _) = start().await;
    let other = log_in(&issuer, false).await;
    for by_refresh in [true, false] {
        let tokens = log_in(&issuer, false).await;
        let answer = if by_refresh {
            let body = json!({ "refresh_token": tokens.refresh });
            post(&issuer, "/auth/logout", &body).await
        } else {
            bearer(&issuer, &tokens.access, "POST", "/auth/logout", None).await
        };
        assert_eq!(answer.status, 204);
        assert_eq!(whoami(&issuer, &tokens).await.status, 401);
        assert_ended(&refresh(&issuer, &tokens.refresh).await);
        // Whoever logs out twice is logged out.
        let body = json!({ "refresh_token": tokens.refresh });
        assert_eq!(post(&issuer, "/auth/logout", &body).await.status, 204);
        let again = bearer(&issuer, &tokens.access, "POST", "/auth/logout", None).await;
        again.assert_problem(401, "UNAUTHORIZED", "Authentication required.");
    }
    assert_eq!(whoami(&issuer, &other).await.status, 200);
    // A device's password is no session.
    let request = Request::post("/auth/logout")
        .header("authorization", issuer.account.authorization())
        .body(Body::empty());
    assert_eq!(call(&issuer, request.unwrap()).await.status, 401);
}

#[tokio::test]
async fn what_is_deleted_or_disabled_has_an_end_at_once() {
    let (issuer, aci) = start().await;
    let tokens = log_in(&issuer, false).await;
    assert_eq!(whoami(&issuer, &tokens).await.status, 200);
    for disabled in [true, false] {
        issuer.set_disabled(&aci, disabled).await;
        issuer.set_disabled(&issuer.account.aci, disabled).await;
        let status = if disabled { 401 } else { 200 };
        assert_eq!(whoami(&issuer, &tokens).await.status, status);
        let by_password = crate::support::get_as(&issuer, &issuer.account, WHOAMI).await;
        assert_eq!(by_password.status, status);
    }
    issuer.set_disabled(&aci, true).await;
    assert_ended(&refresh(&issuer, &tokens.refresh).await);
    issuer.set_disabled(&aci, false).await;
    assert_ended(&refresh(&issuer, &tokens.refresh).await);

    let mut body = json!({ "email": EMAIL, "password": PASSWORD, "deviceId": tokens.device });
    let again = Tokens::of(&post(&issuer, "/auth/login", &body).await);
    body["deviceId"] = json!(9);
    let other = Tokens::of(&post(&issuer, "/auth/login", &body).await);
    let path = format!("/v1/devices/{}", again.device);
    let deleted = bearer(&issuer, &other.access, "DELETE", &path, None).await;
    assert_eq!(deleted.status, 204);
    assert_eq!(whoami(&issuer, &again).await.status, 401);
    assert_ended(&refresh(&issuer, &again.refresh).await);
    assert_eq!(whoami(&issuer, &other).await.status, 200);
}

#[tokio::test]
async fn without_the_database_sessions_of_the_last_minutes_go_on() {
    let (issuer, _) = start().await;
    let seen = log_in(&issuer, false).await;
    let unseen = log_in(&issuer, false).await;
    let ended = log_in(&issuer, false).await;
    for tokens in [&seen, &ended] {
        assert_eq!(whoami(&issuer, tokens).await.status, 200);
    }
    bearer(&issuer, &ended.access, "POST", "/auth/logout", None).await;
    issuer.database.close().await;
    assert_eq!(whoami(&issuer, &seen).await.status, 200);
    for tokens in [&unseen, &ended] {
        whoami(&issuer, tokens).await.assert_problem(
            503,
            "UNAVAILABLE",
            "The service cannot answer at the moment. Please try again.",
        );
    }
    // Changes have to wait.
    for answer in [
        refresh(&issuer, &seen.refresh).await,
        bearer(&issuer, &seen.access, "POST", "/auth/logout", None).await,
        bearer(&issuer, &seen.access, "DELETE", "/v1/devices/1", None).await,
    ] {
        assert_eq!(answer.status, 503);
    }
    issuer.clock.advance(900);
    assert_eq!(whoami(&issuer, &seen).await.status, 401);
}

#[tokio::test]
async fn a_refresh_keeps_its_device_from_going_stale() {
    let (issuer, aci) = start().await;
    let tokens = log_in(&issuer, false).await;
    issuer.clock.advance(6 * DAY);
    Tokens::of(&refresh(&issuer, &tokens.refresh).await);
    let name = TransactionName::new("test");
    let mut reader = issuer.database.read(name).await.unwrap();
    let device = reader
        .device(&aci, DeviceId::PRIMARY)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(device.last_seen, issuer.clock.now());
}

#[tokio::test]
async fn the_keys_of_access_tokens_are_public() {
    let (issuer, _) = start().await;
    let tokens = log_in(&issuer, false).await;
    let answer = get(&issuer, "/.well-known/jwks.json").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    let key = answer.json()["keys"][0].clone();
    let mut members: Vec<_> = key.as_object().unwrap().keys().cloned().collect();
    members.sort();
    assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x"]);
    let header = tokens.access.split('.').next().unwrap();
    let header = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, header);
    let header: Value = serde_json::from_slice(&header.unwrap()).unwrap();
    assert_eq!(
        header,
        json!({ "alg": "EdDSA", "kid": key["kid"], "typ": "at+jwt" })
    );
}
