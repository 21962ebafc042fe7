//! `POST /v1/call-link/create-auth`: every outcome of the table, in its order.

use anteroom_issuer::IssuerLimits;
use anteroom_protocol::{
    CallLinkSecretParams, CreateCredentialRequestContext, CreateCredentialResponse, DAY, Mode,
    Randomness, RootKey,
};
use anteroom_runtime::{BucketSize, Clock as _, Entropy as _};
use anteroom_testkit::{TestAccount, TestIssuer, TestIssuerOptions};
use axum::body::Body;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::Request;
use serde_json::{Value, json};

use crate::support::{Answer, bytes, call, devices, get, signed};

const PATH: &str = "/v1/call-link/create-auth";
const INVALID: (u16, &str, &str) = (
    400,
    "CALL_LINK_INVALID_REQUEST",
    "Invalid call-link credential request.",
);

fn context(issuer: &TestIssuer, root_key: &RootKey) -> CreateCredentialRequestContext {
    let randomness = Randomness::random(&mut *issuer.entropy().rng());
    CreateCredentialRequestContext::new(&root_key.room_id(), randomness)
}

fn root_key(issuer: &TestIssuer) -> RootKey {
    RootKey::generate_v0(&mut *issuer.entropy().rng())
}

fn valid_body(issuer: &TestIssuer) -> Value {
    let request = context(issuer, &root_key(issuer)).request();
    json!({ "createCallLinkCredentialRequest": STANDARD.encode(request.to_bytes()) })
}

async fn post(issuer: &TestIssuer, account: &TestAccount, body: impl Into<Body>) -> Answer {
    let request = signed(Request::post(PATH), account)
        .header("content-type", "application/json")
        .body(body.into())
        .unwrap();
    call(issuer, request).await
}

fn one_request_each(seconds: u64) -> IssuerLimits {
    IssuerLimits {
        create_auth: BucketSize::new(1.try_into().unwrap(), seconds.try_into().unwrap()),
        ..IssuerLimits::default()
    }
}

fn account_id(issuer: &TestIssuer) -> String {
    issuer
        .pseudonymizer
        .account(&issuer.account.aci)
        .to_string()
}

#[tokio::test]
async fn credential_issued_has_the_credential_the_truncated_day_and_its_event() {
    for mode in [Mode::Standard, Mode::Legacy] {
        let issuer = TestIssuer::start_with(TestIssuerOptions {
            mode,
            ..TestIssuerOptions::default()
        })
        .await;
        let root_key = root_key(&issuer);
        let context = context(&issuer, &root_key);
        let body = json!({
            "createCallLinkCredentialRequest": STANDARD.encode(context.request().to_bytes()),
            "an unknown member": [1, 2, 3],
        });
        let answer = post(&issuer, &issuer.account, body.to_string()).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let today = issuer.clock.now().start_of_day();
        assert_eq!(answer.json()["redemptionTime"], today.as_secs());

        let response = CreateCredentialResponse::from_bytes(&bytes(&answer.json()["credential"]));
        let params = issuer.generic_params.as_ref().unwrap();
        let aci = &issuer.account.aci;
        let credential = context.receive(&response.unwrap(), aci, params).unwrap();
        assert_eq!(credential.timestamp(), today);
        let link = CallLinkSecretParams::derive(&root_key);
        let randomness = Randomness::random(&mut *issuer.entropy().rng());
        let room = root_key.room_id();
        credential
            .present(aci, &room, params, &link, randomness)
            .unwrap();

        let events = issuer.events.take();
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].name(), "call_link.credential_issued");
        assert_eq!(
            Value::from(events[0].payload().clone()),
            json!({ "account_id": account_id(&issuer), "redemption_time": today.as_secs() })
        );
    }
}

#[tokio::test]
async fn redemption_time_is_midnight_utc_in_seconds_all_day_long_and_the_next_one_after() {
    let issuer = TestIssuer::start().await;
    let today = issuer.clock.now().start_of_day();
    for (now, expected) in [
        (today.minus(1), today.minus(DAY)),
        (today, today),
        (today.plus(1), today),
        (today.plus(DAY - 1), today),
        (today.plus(DAY), today.plus(DAY)),
    ] {
        issuer.clock.set(now);
        let answer = post(&issuer, &issuer.account, valid_body(&issuer).to_string()).await;
        assert_eq!(answer.status, 200, "{now:?}");
        assert_eq!(
            answer.json()["redemptionTime"],
            expected.as_secs(),
            "{now:?}"
        );
    }
}

#[tokio::test]
async fn rate_limited_is_429_whatever_the_body_is_with_its_event() {
    let issuer = TestIssuer::start_with(TestIssuerOptions {
        limits: one_request_each(900),
        ..TestIssuerOptions::default()
    })
    .await;
    let first = post(&issuer, &issuer.account, valid_body(&issuer).to_string()).await;
    assert_eq!(first.status, 200);
    let _ = issuer.events.take();
    issuer.clock.advance(1);
    let large = "x".repeat(65 * 1024);
    for body in [
        valid_body(&issuer).to_string(),
        "not json".to_owned(),
        large,
    ] {
        let answer = post(&issuer, &issuer.account, body).await;
        answer.assert_problem(
            429,
            "CALL_LINK_RATE_LIMITED",
            "Too many call-link credential requests. Please wait before trying again.",
        );
        assert_eq!(answer.header("retry-after"), Some("899"));
        let events = issuer.events.take();
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].name(), "call_link.rate_limited");
        let payload = Value::from(events[0].payload().clone());
        assert_eq!(payload, json!({ "account_id": account_id(&issuer) }));
    }
    // A wrong content type is not checked before the limit, and another account has its own limit.
    let plain = signed(Request::post(PATH), &issuer.account);
    let answer = call(&issuer, plain.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, 429);
    let other = issuer.add_account(false).await;
    let answer = post(&issuer, &other, valid_body(&issuer).to_string()).await;
    assert_eq!(answer.status, 200);
    // All devices of an account share one bucket.
    let second = issuer
        .add_device(
            &issuer.account,
            anteroom_store::DeviceId::parse("2").unwrap(),
        )
        .await;
    let answer = post(&issuer, &second, valid_body(&issuer).to_string()).await;
    assert_eq!(answer.status, 429);
    issuer.clock.advance(899);
    let answer = post(&issuer, &issuer.account, valid_body(&issuer).to_string()).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn the_default_limit_is_a_hundred_and_one_back_every_fifteen_minutes() {
    let issuer = TestIssuer::start().await;
    let devices = devices(&issuer, 4).await;
    for n in 0..100 {
        let answer = post(&issuer, &devices[n % 4], "{}").await;
        assert_eq!(answer.status, 400, "{n}");
    }
    let answer = post(&issuer, &devices[0], "{}").await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("retry-after")),
        (429, Some("900"))
    );
    issuer.clock.advance(900);
    assert_eq!(post(&issuer, &devices[0], "{}").await.status, 400);
    assert_eq!(post(&issuer, &devices[1], "{}").await.status, 429);
}

#[tokio::test]
async fn unauthenticated_is_401_whatever_the_body_is() {
    let issuer = TestIssuer::start_with(TestIssuerOptions {
        limits: one_request_each(900),
        ..TestIssuerOptions::default()
    })
    .await;
    let large = "x".repeat(65 * 1024);
    for body in [
        valid_body(&issuer).to_string(),
        "not json".to_owned(),
        large,
    ] {
        let answer = call(&issuer, Request::post(PATH).body(Body::from(body)).unwrap()).await;
        answer.assert_problem(
            401,
            "CALL_LINK_UNAUTHORIZED",
            "Authentication required to create call links.",
        );
    }
    assert!(issuer.events.take().is_empty());
    // None of these requests took a token of the account.
    let answer = post(&issuer, &issuer.account, valid_body(&issuer).to_string()).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn invalid_request_is_400_without_an_echo_or_an_event() {
    let issuer = TestIssuer::start().await;
    let good = context(&issuer, &root_key(&issuer)).request().to_bytes();
    let with = |bytes: &[u8]| {
        json!({ "createCallLinkCredentialRequest": STANDARD.encode(bytes) }).to_string()
    };
    let changed = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        bytes
    };
    let replaced = |point: [u8; 32]| {
        let mut bytes = good.clone();
        bytes[1..33].copy_from_slice(&point);
        bytes
    };
    // The field's prime itself is a second encoding of zero.
    let mut prime = [0xff; 32];
    (prime[0], prime[31]) = (0xed, 0x7f);
    let text = STANDARD.encode(&good);
    let member = |text: &str| json!({ "createCallLinkCredentialRequest": text }).to_string();
    for (what, body) in [
        ("an empty body", String::new()),
        ("not JSON", "createCallLinkCredentialRequest".to_owned()),
        ("cut JSON", with(&good)[..50].to_owned()),
        ("JSON and more", format!("{}x", with(&good))),
        ("another type", "[]".to_owned()),
        ("no member", "{}".to_owned()),
        (
            "a member of another name",
            json!({ "credentialRequest": text }).to_string(),
        ),
        (
            "null",
            r#"{"createCallLinkCredentialRequest":null}"#.to_owned(),
        ),
        (
            "a number",
            r#"{"createCallLinkCredentialRequest":1}"#.to_owned(),
        ),
        (
            "twice",
            format!("{{{m},{m}}}", m = with(&good).trim_matches(['{', '}'])),
        ),
        ("not base64", member("!!!!")),
        ("no padding", member(text.trim_end_matches('='))),
        ("white space", member(&format!(" {text}"))),
        ("the URL alphabet", member(&format!("-_{}", &text[2..]))),
        ("nothing", with(&[])),
        ("96 bytes", with(&good[..96])),
        ("98 bytes", with(&[good.as_slice(), &[0]].concat())),
        ("an unknown version", with(&changed(0, 1))),
        ("a point that is none", with(&replaced([0xff; 32]))),
        ("a non-canonical point", with(&replaced(prime))),
        ("a negative point", with(&changed(1, good[1] | 1))),
    ] {
        let answer = post(&issuer, &issuer.account, body).await;
        let (status, code, detail) = INVALID;
        assert_eq!(answer.status, status, "{what}");
        answer.assert_problem(status, code, detail);
    }
    assert!(issuer.events.take().is_empty());
}

#[tokio::test]
async fn a_body_of_65_kib_is_refused_by_size_and_one_of_64_kib_is_read() {
    let issuer = TestIssuer::start().await;
    for (bytes, status, code) in [
        (64 * 1024, 400, "CALL_LINK_INVALID_REQUEST"),
        (64 * 1024 + 1, 413, "PAYLOAD_TOO_LARGE"),
        (65 * 1024, 413, "PAYLOAD_TOO_LARGE"),
    ] {
        let answer = post(&issuer, &issuer.account, vec![b'x'; bytes]).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (status, code)
        );
    }
}

#[tokio::test]
async fn only_json_is_taken() {
    let issuer = TestIssuer::start().await;
    for (kind, status) in [
        (Some("application/json; charset=utf-8"), 200),
        (Some("text/plain"), 415),
        (Some("application/x-www-form-urlencoded"), 415),
        (None, 415),
    ] {
        let mut request = signed(Request::post(PATH), &issuer.account);
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        let body = Body::from(valid_body(&issuer).to_string());
        let answer = call(&issuer, request.body(body).unwrap()).await;
        assert_eq!(answer.status, status, "{kind:?}");
        if status == 415 {
            answer.assert_problem(
                415,
                "UNSUPPORTED_MEDIA_TYPE",
                "The request body must be application/json.",
            );
        }
    }
}

#[tokio::test]
async fn without_params_the_answer_is_503_and_the_service_is_not_ready() {
    let issuer = TestIssuer::start_with(TestIssuerOptions {
        generic_params: false,
        ..TestIssuerOptions::default()
    })
    .await;
    let answer = post(&issuer, &issuer.account, valid_body(&issuer).to_string()).await;
    answer.assert_problem(
        503,
        "UNAVAILABLE",
        "The service cannot answer at the moment. Please try again.",
    );
    let ready = get(&issuer, "/health/ready").await;
    assert_eq!(ready.status, 503);
    assert_eq!(ready.json()["status"], "failing");
}
