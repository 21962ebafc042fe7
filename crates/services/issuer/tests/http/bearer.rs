//! Bearer tokens of others, and tokens that are not valid for their use.

use anteroom_runtime::Clock as _;
use anteroom_store::IssuerDatabase as _;
use anteroom_testkit::{TestIssuer, TestLogin};
use axum::body::Body;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderValue, Request};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::{Answer, Tokens, bearer, call, get, post};

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

/// Returns a header and a payload without a signature.
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
    // A repeated header is refused.
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

/// Returns a token of exactly these parts, signed with a seed.
fn signed(header: &Value, claims: &Value, seed: &[u8; 32]) -> String {
    let message = unsigned(header, &URL_SAFE_NO_PAD.encode(claims.to_string()));
    let signature = SigningKey::from_bytes(seed).sign(message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

fn part(token: &str, n: usize) -> Value {
    let part = token.split('.').nth(n).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[tokio::test]
async fn claims_that_do_not_hold_have_the_same_401_under_the_right_key_too() {
    let issuer = TestIssuer::start().await;
    let tokens = session(&issuer).await;
    let ann = part(&tokens.access, 1);
    issuer
        .add_login(TestLogin::new("bob@example.com", "correct horse"))
        .await;
    let body = json!({ "email": "bob@example.com", "password": "correct horse" });
    let bobs = Tokens::of(&post(&issuer, "/auth/login", &body).await);
    let bob = part(&bobs.access, 1);
    // Another device of Ann, with a session of its own.
    let body = json!({ "email": "ann@example.com", "password": "correct horse", "deviceId": 2 });
    let second = Tokens::of(&post(&issuer, "/auth/login", &body).await);

    let keys = issuer.database.storage_keys();
    let seed = *keys.token_keys()[0].seed();
    let header = part(&tokens.access, 0);
    let now = issuer.clock.now().as_secs();
    let with = |members: &[(&str, Value)]| {
        let mut claims = ann.clone();
        for (member, value) in members {
            claims[*member] = value.clone();
        }
        claims
    };
    let good = format!("Bearer {}", signed(&header, &ann, &seed));
    assert_eq!(whoami(&issuer, good.as_bytes()).await.unwrap().status, 200);
    let other = issuer.account.aci.to_uuid_string();
    for claims in [
        // Expired, valid for too long, not yet valid.
        with(&[("exp", json!(now))]),
        with(&[("exp", json!(now - 1)), ("iat", json!(now - 901))]),
        with(&[("exp", json!(now + 901))]),
        with(&[("iat", json!(now + 61)), ("exp", json!(now + 900))]),
        // For another audience, from another issuer.
        with(&[("aud", json!("rooms"))]),
        with(&[("aud", json!(["anteroom"]))]),
        with(&[("iss", json!("https://other.example"))]),
        with(&[("iss", json!("https://issuer.example/"))]),
        // Another account, another device, another session: each exists.
        with(&[("sub", bob["sub"].clone())]),
        with(&[("sub", json!(other))]),
        with(&[("did", json!(2))]),
        with(&[("sid", bob["sid"].clone())]),
        with(&[("sid", part(&second.access, 1)["sid"].clone())]),
        with(&[("sub", bob["sub"].clone()), ("did", bob["did"].clone())]),
        // Claims that the service never issues.
        with(&[("nbf", json!(now))]),
        with(&[("scope", json!("admin"))]),
        with(&[("did", json!("1"))]),
        with(&[("sub", json!(null))]),
    ] {
        let authorization = format!("Bearer {}", signed(&header, &claims, &seed));
        let answer = whoami(&issuer, authorization.as_bytes()).await;
        assert_unauthorized(&answer.unwrap());
    }
    for (member, value) in [
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("alg", json!("ES256")),
        ("kid", json!("unknown")),
        ("kid", json!("")),
        ("typ", json!("JWT")),
        ("jku", json!("https://other.example/keys")),
    ] {
        let mut header = header.clone();
        header[member] = value;
        let authorization = format!("Bearer {}", signed(&header, &ann, &seed));
        let answer = whoami(&issuer, authorization.as_bytes()).await;
        assert_unauthorized(&answer.unwrap());
    }
    // Another key under the right id.
    let authorization = format!("Bearer {}", signed(&header, &ann, &[9; 32]));
    let answer = whoami(&issuer, authorization.as_bytes()).await;
    assert_unauthorized(&answer.unwrap());
    // After all of these the valid token still works, until its device is deleted.
    assert_eq!(whoami(&issuer, good.as_bytes()).await.unwrap().status, 200);
    let deleted = bearer(&issuer, &second.access, "DELETE", "/v1/devices/1", None).await;
    assert_eq!(deleted.status, 204);
    assert_unauthorized(&whoami(&issuer, good.as_bytes()).await.unwrap());
}

#[tokio::test]
async fn the_public_key_is_no_secret_of_an_hmac() {
    let issuer = TestIssuer::start().await;
    let tokens = session(&issuer).await;
    let jwk = get(&issuer, "/.well-known/jwks.json").await.json()["keys"][0].clone();
    let text = jwk["x"].as_str().unwrap();
    let public = URL_SAFE_NO_PAD.decode(text).unwrap();
    let payload = tokens.access.split('.').nth(1).unwrap();
    for secret in [
        public.as_slice(),
        text.as_bytes(),
        jwk.to_string().as_bytes(),
    ] {
        for header in [
            json!({ "alg": "HS256", "kid": jwk["kid"], "typ": "at+jwt" }),
            json!({ "alg": "HS256", "typ": "JWT" }),
            part(&tokens.access, 0),
        ] {
            let message = unsigned(&header, payload);
            let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
            mac.update(message.as_bytes());
            let tag = mac.finalize().into_bytes();
            let authorization = format!("Bearer {message}.{}", URL_SAFE_NO_PAD.encode(tag));
            let answer = whoami(&issuer, authorization.as_bytes()).await;
            assert_unauthorized(&answer.unwrap());
        }
    }
}
