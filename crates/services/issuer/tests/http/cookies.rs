//! The refresh token as a cookie, for browsers.

use anteroom_testkit::{LogGuard, TestIssuer, TestLogin};
use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use crate::support::{Answer, call, events, post};

const EMAIL: &str = "ann@example.com";
const PASSWORD: &str = "correct horse";

async fn start() -> TestIssuer {
    let issuer = TestIssuer::start().await;
    issuer.add_login(TestLogin::new(EMAIL, PASSWORD)).await;
    issuer
}

async fn log_in(issuer: &TestIssuer, remember: bool) -> Answer {
    let body = json!({
        "email": EMAIL, "password": PASSWORD, "cookie": true, "remember_me": remember,
    });
    post(issuer, "/auth/login", &body).await
}

/// Returns the token of the cookie that an answer sets for `seconds` seconds.
#[track_caller]
fn token(answer: &Answer, seconds: u64) -> String {
    assert_eq!(answer.status, 200);
    assert!(answer.json().get("refresh_token").is_none());
    let set = answer.header("set-cookie").unwrap();
    let (pair, attributes) = set.split_once("; ").unwrap();
    assert_eq!(
        attributes,
        format!("Path=/auth; Max-Age={seconds}; HttpOnly; Secure; SameSite=Strict")
    );
    let token = pair.strip_prefix("anteroom_refresh=").unwrap().to_owned();
    LogGuard::global().watch_text("refresh token", &token);
    token
}

const WEEK: u64 = 7 * 86_400;
const MONTH: u64 = 30 * 86_400;

/// Sends a request as a browser does.
async fn browse(
    issuer: &TestIssuer,
    path: &str,
    token: &str,
    content_type: Option<&str>,
    body: Option<&Value>,
) -> Answer {
    let mut request =
        Request::post(path).header("cookie", format!("a=b; anteroom_refresh={token}"));
    if let Some(kind) = content_type {
        request = request.header("content-type", kind);
    }
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    call(issuer, request.body(body).unwrap()).await
}

const JSON: Option<&str> = Some("application/json");

#[track_caller]
fn assert_removed(answer: &Answer) {
    assert_eq!(
        answer.header("set-cookie"),
        Some("anteroom_refresh=; Path=/auth; Max-Age=0; HttpOnly; Secure; SameSite=Strict")
    );
}

#[tokio::test]
async fn the_refresh_token_as_a_cookie_httponly_secure_samesite_strict_path_auth() {
    let issuer = start().await;
    for (remember, seconds) in [(false, WEEK), (true, MONTH)] {
        let answer = log_in(&issuer, remember).await;
        let first = token(&answer, seconds);
        let empty = json!({});
        let refreshed = browse(&issuer, "/auth/refresh", &first, JSON, Some(&empty)).await;
        let second = token(&refreshed, seconds);
        assert_ne!(first, second);
        // Two tabs at the same time.
        let again = browse(&issuer, "/auth/refresh", &first, JSON, Some(&empty)).await;
        assert_eq!(token(&again, seconds), second);
        let out = browse(&issuer, "/auth/logout", &second, JSON, Some(&empty)).await;
        assert_eq!(out.status, 204);
        assert_removed(&out);
        let ended = browse(&issuer, "/auth/refresh", &second, JSON, Some(&empty)).await;
        assert_eq!(ended.code(), "LOGIN_SESSION_ENDED");
        assert_removed(&ended);
    }
    // No cookie is set without the request for it.
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    let answer = post(&issuer, "/auth/login", &body).await;
    assert!(answer.header("set-cookie").is_none());
    assert!(answer.json()["refresh_token"].is_string());
}

#[tokio::test]
async fn logout_everywhere_takes_the_cookie_too() {
    let issuer = start().await;
    let sessions = [
        token(&log_in(&issuer, false).await, WEEK),
        token(&log_in(&issuer, false).await, WEEK),
    ];
    let out = browse(&issuer, "/auth/logout-all", &sessions[0], JSON, None).await;
    assert_eq!(out.status, 204);
    assert_removed(&out);
    for session in &sessions {
        let empty = json!({});
        let answer = browse(&issuer, "/auth/refresh", session, JSON, Some(&empty)).await;
        assert_eq!(answer.status, 401);
    }
}

#[tokio::test]
async fn another_site_cannot_make_use_of_the_cookie() {
    let issuer = start().await;
    let session = token(&log_in(&issuer, false).await, WEEK);
    // The content types that a form or a simple request of another origin can send.
    for kind in [
        None,
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        Some("multipart/form-data; boundary=x"),
    ] {
        for path in ["/auth/refresh", "/auth/logout", "/auth/logout-all"] {
            for body in [None, Some(&json!({}))] {
                let answer = browse(&issuer, path, &session, kind, body).await;
                assert_eq!(answer.status, 415, "{path} {kind:?}");
            }
        }
    }
    // No header allows a script of another origin to send the request.
    let preflight = Request::options("/auth/refresh")
        .header("origin", "https://evil.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type")
        .body(Body::empty());
    let answer = call(&issuer, preflight.unwrap()).await;
    assert!(answer.header("access-control-allow-origin").is_none());
    // The session continues.
    let answer = browse(&issuer, "/auth/refresh", &session, JSON, Some(&json!({}))).await;
    token(&answer, WEEK);
}

#[tokio::test]
async fn a_token_in_the_body_comes_before_the_cookie() {
    let issuer = start().await;
    let in_cookie = token(&log_in(&issuer, false).await, WEEK);
    let in_body = token(&log_in(&issuer, false).await, WEEK);
    let body = json!({ "refresh_token": in_body });
    let out = browse(&issuer, "/auth/logout", &in_cookie, JSON, Some(&body)).await;
    assert_eq!(out.status, 204);
    assert!(out.header("set-cookie").is_none());
    let body = json!({ "refresh_token": in_body });
    assert_eq!(post(&issuer, "/auth/refresh", &body).await.status, 401);
    let refreshed = browse(&issuer, "/auth/refresh", &in_cookie, JSON, Some(&json!({}))).await;
    token(&refreshed, WEEK);
}

#[tokio::test]
async fn the_cookie_shows_that_the_device_is_known() {
    let issuer = start().await;
    let answer = log_in(&issuer, false).await;
    let session = token(&answer, WEEK);
    let device = answer.json()["deviceId"].clone();
    for _ in 0..5 {
        let body = json!({ "email": EMAIL, "password": "another horse" });
        assert_eq!(post(&issuer, "/auth/login", &body).await.status, 401);
    }
    let _ = events(&issuer);
    let mut body = json!({ "email": EMAIL, "password": PASSWORD });
    let locked = post(&issuer, "/auth/login", &body).await;
    assert_eq!(locked.status, 423);
    body["deviceId"] = device;
    let request = Request::post("/auth/login")
        .header("content-type", "application/json")
        .header("cookie", format!("anteroom_refresh={session}"))
        .extension(anteroom_runtime::ClientAddress::new(
            "203.0.113.1".parse().unwrap(),
        ))
        .body(Body::from(body.to_string()));
    assert_eq!(call(&issuer, request.unwrap()).await.status, 200);
}
