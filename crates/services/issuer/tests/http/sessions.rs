//! Sessions: the use of their tokens, their extension and their end.

use anteroom_protocol::{Aci, DAY, Timestamp};
use anteroom_runtime::Clock as _;
use anteroom_store::{DeviceId, IssuerDatabase as _, SessionId, TransactionName};
use anteroom_testkit::{TestIssuer, TestLogin};
use axum::body::Body;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
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
async fn access_token_jwt_15_min_is_good_for_everything() {
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
async fn refresh_token_rotated_at_each_use_7_days_30_with_remember_me() {
    for (remember, days) in [(false, 7), (true, 30)] {
        let (issuer, aci) = start().await;
        let mut tokens = log_in(&issuer, remember).await;
        // The session can be extended repeatedly.
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
async fn refresh_a_used_one_answers_the_same_successor_for_10_s_then_ends_its_whole_family() {
    let (issuer, _) = start().await;
    let other = log_in(&issuer, false).await;
    let first = log_in(&issuer, false).await;
    let used = issuer.clock.now();
    let second = Tokens::of(&refresh(&issuer, &first.refresh).await);
    for after in [0, 1, 9, 10] {
        issuer.clock.set(used.plus(after));
        let answer = refresh(&issuer, &first.refresh).await;
        let again = Tokens::of(&answer);
        assert_eq!(again.refresh, second.refresh, "{after}");
        assert_eq!(again.access, second.access, "{after}");
        assert_eq!(answer.json()["expires_in"], 900 - after);
    }
    // The successor works meanwhile, and both continue.
    let third = Tokens::of(&refresh(&issuer, &second.refresh).await);
    assert_eq!(
        Tokens::of(&refresh(&issuer, &first.refresh).await).refresh,
        second.refresh
    );
    assert_eq!(whoami(&issuer, &third).await.status, 200);
    let _ = events(&issuer);

    issuer.clock.set(used.plus(11));
    assert_ended(&refresh(&issuer, &first.refresh).await);
    let happened = events(&issuer);
    assert_eq!(happened[0].0, "login.failed");
    assert_eq!(happened[0].1["reason"], "refresh_token_reused");
    for tokens in [&first, &second, &third] {
        assert_ended(&refresh(&issuer, &tokens.refresh).await);
        assert_eq!(whoami(&issuer, tokens).await.status, 401);
    }
    // Other sessions of the account continue.
    assert_eq!(whoami(&issuer, &other).await.status, 200);
    Tokens::of(&refresh(&issuer, &other.refresh).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn refreshes_at_once_all_get_the_same_successor() {
    let (issuer, _) = start().await;
    let tokens = log_in(&issuer, false).await;
    let answers =
        futures::future::join_all((0..8).map(|_| refresh(&issuer, &tokens.refresh))).await;
    let next: Vec<_> = answers.iter().map(Tokens::of).collect();
    for tokens in &next {
        assert_eq!(tokens.refresh, next[0].refresh);
        assert_eq!(tokens.access, next[0].access);
    }
    assert_ne!(next[0].refresh, tokens.refresh);
    Tokens::of(&refresh(&issuer, &next[0].refresh).await);
}

#[tokio::test]
async fn a_clock_that_is_set_back_does_not_make_a_used_token_good() {
    let (issuer, _) = start().await;
    let first = log_in(&issuer, false).await;
    let now = issuer.clock.now();
    issuer.clock.set(now.plus(30 * DAY));
    // The session is over by that clock.
    assert_ended(&refresh(&issuer, &first.refresh).await);
    issuer.clock.set(now.plus(DAY));
    Tokens::of(&refresh(&issuer, &first.refresh).await);
    issuer.clock.set(now);
    assert_ended(&refresh(&issuer, &first.refresh).await);
}

/// Returns the session that an access token names.
fn session_of(tokens: &Tokens) -> SessionId {
    let decode = |text: &str| base64::Engine::decode(&URL_SAFE_NO_PAD, text).unwrap();
    let claims = decode(tokens.access.split('.').nth(1).unwrap());
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    let id = decode(claims["sid"].as_str().unwrap());
    SessionId::from_bytes(id.try_into().unwrap())
}

async fn end_of(issuer: &TestIssuer, id: &SessionId) -> u64 {
    let name = TransactionName::new("test");
    let mut reader = issuer.database.read(name).await.unwrap();
    let found = reader.session_caller(id).await.unwrap();
    found.unwrap().session.expires.as_secs()
}

async fn set_end(issuer: &TestIssuer, id: &SessionId, end: Timestamp) {
    let name = TransactionName::new("test");
    let mut transaction = issuer.database.begin(name).await.unwrap();
    assert!(transaction.extend_session(id, end).await.unwrap());
    transaction.save().await.unwrap();
}

#[tokio::test]
async fn a_session_is_extended_by_activity_and_by_refresh() {
    for (remember, days) in [(false, 7), (true, 30)] {
        let (issuer, _) = start().await;
        let tokens = log_in(&issuer, remember).await;
        let id = session_of(&tokens);
        let start = issuer.clock.now();
        let end = |after: u64| start.plus(after).plus(days * DAY).as_secs();
        assert_eq!(end_of(&issuer, &id).await, end(0));
        // The extension is not written within the first hour.
        issuer.clock.set(start.plus(600));
        assert_eq!(whoami(&issuer, &tokens).await.status, 200);
        issuer.issuer.accounts().device_uses_written().await;
        assert_eq!(end_of(&issuer, &id).await, end(0));
        // An access token is valid for 15 minutes. A refresh returns the next one.
        issuer.clock.set(start.plus(800));
        let tokens = Tokens::of(&refresh(&issuer, &tokens.refresh).await);
        assert_eq!(end_of(&issuer, &id).await, end(800));
        // The end of the session is an hour behind when it is used.
        let now = start.plus(900);
        for (found, written) in [
            (now.plus(days * DAY).minus(3_599), false),
            (now.plus(days * DAY).minus(3_600), true),
            // A clock that was ahead has extended the session.
            (now.plus(days * DAY).plus(30 * DAY), true),
        ] {
            set_end(&issuer, &id, found).await;
            issuer.clock.set(now);
            assert_eq!(whoami(&issuer, &tokens).await.status, 200);
            issuer.issuer.accounts().device_uses_written().await;
            let expected = if written { end(900) } else { found.as_secs() };
            assert_eq!(end_of(&issuer, &id).await, expected);
        }
        // Without a use the session ends.
        issuer.clock.set(start.plus(900 + days * DAY));
        assert_ended(&refresh(&issuer, &tokens.refresh).await);
    }
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
        // A repeated logout succeeds too.
        let body = json!({ "refresh_token": tokens.refresh });
        assert_eq!(post(&issuer, "/auth/logout", &body).await.status, 204);
        let again = bearer(&issuer, &tokens.access, "POST", "/auth/logout", None).await;
        again.assert_problem(
            401,
            "LOGOUT_UNAUTHORIZED",
            "Authentication required to log out.",
        );
    }
    // `null` is not a body of the documented shape.
    let null = bearer(
        &issuer,
        &other.access,
        "POST",
        "/auth/logout",
        Some(&json!(null)),
    )
    .await;
    assert_eq!(null.code(), "LOGOUT_VALIDATION_ERROR");
    assert_eq!(whoami(&issuer, &other).await.status, 200);
    // A device's password is not a session.
    let request = Request::post("/auth/logout")
        .header("authorization", issuer.account.authorization())
        .body(Body::empty());
    assert_eq!(call(&issuer, request.unwrap()).await.status, 401);
}

#[tokio::test]
async fn logout_everywhere_ends_all_sessions_and_the_calling_one_too() {
    for by_refresh in [true, false] {
        let (issuer, _) = start().await;
        let bystander = "bob@example.com";
        issuer.add_login(TestLogin::new(bystander, PASSWORD)).await;
        let body = json!({ "email": bystander, "password": PASSWORD });
        let others = Tokens::of(&post(&issuer, "/auth/login", &body).await);
        let mut sessions = Vec::new();
        for _ in 0..3 {
            sessions.push(log_in(&issuer, false).await);
        }
        assert_eq!(whoami(&issuer, &sessions[0]).await.status, 200);
        let path = "/auth/logout-all";
        let answer = if by_refresh {
            let body = json!({ "refresh_token": sessions[1].refresh });
            post(&issuer, path, &body).await
        } else {
            bearer(&issuer, &sessions[1].access, "POST", path, None).await
        };
        assert_eq!((answer.status.as_u16(), answer.body.len()), (204, 0));
        for tokens in &sessions {
            assert_eq!(whoami(&issuer, tokens).await.status, 401);
            assert_ended(&refresh(&issuer, &tokens.refresh).await);
        }
        assert_eq!(whoami(&issuer, &others).await.status, 200);
        // Tokens of an ended session end nothing.
        for body in [
            json!({ "refresh_token": sessions[1].refresh }),
            json!({ "refresh_token": "A".repeat(43) }),
            json!({ "refresh_token": "x" }),
            json!({}),
        ] {
            post(&issuer, path, &body).await.assert_problem(
                401,
                "LOGOUT_UNAUTHORIZED",
                "Authentication required to log out.",
            );
        }
        let answer = post(&issuer, path, &json!({ "refresh_token": 1 })).await;
        assert_eq!(answer.code(), "LOGOUT_VALIDATION_ERROR");
    }
}

#[tokio::test]
async fn logout_is_never_refused_by_a_login_limit() {
    let (issuer, _) = start().await;
    let tokens = log_in(&issuer, false).await;
    let wrong = json!({ "email": EMAIL, "password": "x" });
    while post(&issuer, "/auth/login", &wrong).await.status != 429 {}
    let unknown = json!({ "refresh_token": "A".repeat(43) });
    while post(&issuer, "/auth/refresh", &unknown).await.status != 429 {}
    let body = json!({ "refresh_token": tokens.refresh });
    assert_eq!(post(&issuer, "/auth/logout", &body).await.status, 204);
    assert_eq!(whoami(&issuer, &tokens).await.status, 401);
    let limited = loop {
        let answer = post(&issuer, "/auth/logout", &body).await;
        if answer.status != 204 {
            break answer;
        }
    };
    limited.assert_problem(
        429,
        "LOGOUT_RATE_LIMITED",
        "Too many logouts. Please wait a moment.",
    );
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
    // Writes have to wait.
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
    let header = base64::Engine::decode(&URL_SAFE_NO_PAD, header);
    let header: Value = serde_json::from_slice(&header.unwrap()).unwrap();
    assert_eq!(
        header,
        json!({ "alg": "EdDSA", "kid": key["kid"], "typ": "at+jwt" })
    );
}
