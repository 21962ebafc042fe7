//! Bearer tokens that are none, and what else stands in `Authorization` headers.

use anteroom_service::Entropy as _;
use anteroom_testkit::{SeededEntropy, TestIssuer, TestLogin};
use axum::body::Body;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use http::{HeaderValue, Request};
use rand_chacha::rand_core::Rng;
use serde_json::{Value, json};

use crate::support::{Answer, Tokens, call, get, post};

async fn whoami(issuer: &TestIssuer, authorization: &[u8]) -> Option<Answer> {
    let value = HeaderValue::from_bytes(authorization).ok()?;
    let request = Request::get("/v1/accounts/whoami").header("authorization", value);
    Some(call(issuer, request.body(Body::empty()).unwrap()).await)
}

#[track_caller]
fn assert_unauthorized(answer: &Answer) {
    answer.assert_problem(401, "UNAUTHORIZED", "Authentication required.");
}

async fn session(issuer: &TestIssuer) -> Tokens {
    issuer
        .add_login(TestLogin::new("ann@example.com", "correct horse"))
        .await;
    let body = json!({ "email": "ann@example.com", "password": "correct horse" });
    Tokens::of(&post(issuer, "/auth/login", &body).await)
}

/// A header and a payload without a signature.
fn unsigned(header: &Value, payload: &str) -> String {
    format!("{}.{payload}", URL_SAFE_NO_PAD.encode(header.to_string()))
}

#[tokio::test]
async fn tokens_of_other_algorithms_keys_and_forms_have_the_same_401() {
    let issuer = TestIssuer::start().await;
    let tokens = session(&issuer).await;
    let good = &tokens.access;
    let answer = whoami(&issuer, format!("bearer  {good} ").as_bytes()).await;
    assert_eq!(answer.unwrap().status, 200);

    let parts: Vec<_> = good.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    let kid = get(&issuer, "/.well-known/jwks.json").await.json()["keys"][0]["kid"].clone();
    let none = unsigned(&json!({ "alg": "none", "typ": "at+jwt" }), payload);
    let hmac = unsigned(
        &json!({ "alg": "HS256", "kid": kid, "typ": "at+jwt" }),
        payload,
    );
    let embedded = unsigned(
        &json!({ "alg": "EdDSA", "kid": kid, "typ": "at+jwt", "jwk": { "kty": "OKP" } }),
        payload,
    );
    for token in [
        format!("{none}."),
        none.clone(),
        format!("{none}.{signature}"),
        format!("{hmac}.{}", URL_SAFE_NO_PAD.encode([7; 32])),
        format!("{hmac}.{signature}"),
        format!("{embedded}.{signature}"),
        format!("{header}.{payload}"),
        format!("{header}.{payload}."),
        format!("{header}..{signature}"),
        format!(".{payload}.{signature}"),
        format!("{header}.{payload}.{}", URL_SAFE_NO_PAD.encode([0; 64])),
        format!("{header}.{payload}.{signature}.{signature}"),
        format!("{good}="),
        format!("{good} {good}"),
        good.replace('.', ","),
        tokens.refresh.clone(),
        "x".repeat(8_000),
        String::new(),
    ] {
        let authorization = format!("Bearer {token}");
        let answer = whoami(&issuer, authorization.as_bytes()).await;
        assert_unauthorized(&answer.unwrap());
    }
    // Twice is not once.
    let request = Request::get("/v1/accounts/whoami")
        .header("authorization", format!("Bearer {good}"))
        .header("authorization", format!("Bearer {good}"));
    assert_unauthorized(&call(&issuer, request.body(Body::empty()).unwrap()).await);
}

#[tokio::test]
async fn a_token_of_another_issuer_is_refused() {
    let issuer = TestIssuer::start().await;
    let other = TestIssuer::start_with(anteroom_testkit::TestIssuerOptions {
        seed: 77,
        ..anteroom_testkit::TestIssuerOptions::default()
    })
    .await;
    session(&issuer).await;
    let foreign = session(&other).await.access;
    let answer = whoami(&issuer, format!("Bearer {foreign}").as_bytes()).await;
    assert_unauthorized(&answer.unwrap());
    let answer = whoami(&other, format!("Bearer {foreign}").as_bytes()).await;
    assert_eq!(answer.unwrap().status, 200);
}

#[tokio::test]
async fn ten_thousand_malformed_headers_are_refused() {
    const SCHEMES: [&str; 8] = [
        "",
        "Basic ",
        "basic",
        "Bearer ",
        "BEARER\t",
        "Digest ",
        "Bearer Basic ",
        " ",
    ];
    let issuer = TestIssuer::start().await;
    let good = session(&issuer).await.access;
    let mut rng = SeededEntropy::new(5).rng();
    let mut refused = 0;
    while refused < 10_000 {
        let scheme = SCHEMES[rng.next_u32() as usize % SCHEMES.len()];
        let mut noise = vec![0; rng.next_u32() as usize % 200];
        rng.fill_bytes(&mut noise);
        let token = match rng.next_u32() % 4 {
            // Bytes that a header may have.
            0 => noise.iter().map(|byte| byte | 0x20).collect(),
            1 => STANDARD.encode(&noise).into_bytes(),
            2 => {
                let cut = rng.next_u32() as usize % good.len();
                format!("{}{}", &good[..cut], URL_SAFE_NO_PAD.encode(&noise)).into_bytes()
            }
            _ => {
                let mut bytes = good.clone().into_bytes();
                let at = rng.next_u32() as usize % bytes.len();
                bytes[at] = if bytes[at] == b'x' { b'y' } else { b'x' };
                bytes
            }
        };
        let authorization = [scheme.as_bytes(), &token].concat();
        if let Some(answer) = whoami(&issuer, &authorization).await {
            assert_eq!(
                answer.status,
                401,
                "{}",
                String::from_utf8_lossy(&authorization)
            );
            refused += 1;
        }
    }
}
