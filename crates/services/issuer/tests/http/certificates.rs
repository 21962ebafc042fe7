//! The certificates of devices, which come with a batch.

use anteroom_e2ee::{
    CertificateError, CertificatePublicKey, DeviceSecret, IdentityKey, SignedCertificate,
};
use anteroom_issuer::{CertificateParams, DatedParams, IssuingParams};
use anteroom_protocol::{DAY, GenericSecretParams, Mode, Randomness, RoomId, Timestamp};
use anteroom_runtime::{Clock as _, Entropy as _};
use anteroom_testkit::{SeededEntropy, TestAccount, TestIssuer, TestIssuerOptions};
use axum::body::Body;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::Request;
use serde_json::Value;

use crate::support::{Answer, bytes, call, get};

const HEADER: &str = "anteroom-identity-key";

fn identity(seed: u8) -> IdentityKey {
    IdentityKey::from_seed(&[seed; 32])
}

fn text(identity: &IdentityKey) -> String {
    URL_SAFE_NO_PAD.encode(identity.public().as_bytes())
}

/// Asks for the batch of a week with these headers.
async fn week(issuer: &TestIssuer, account: &TestAccount, keys: &[&str]) -> Answer {
    let today = issuer.clock.now().start_of_day();
    let (start, end) = (today.as_secs(), today.plus(7 * DAY).as_secs());
    let path =
        format!("/v1/call-link/auth?redemptionStartSeconds={start}&redemptionEndSeconds={end}");
    let mut request = Request::get(path).header("authorization", account.authorization());
    for key in keys {
        request = request.header(HEADER, *key);
    }
    call(issuer, request.body(Body::empty()).unwrap()).await
}

fn certificate(body: &Value) -> SignedCertificate {
    SignedCertificate::parse(&bytes(&body["certificate"])).unwrap()
}

fn public(params: &CertificateParams) -> CertificatePublicKey {
    CertificatePublicKey::from_bytes(&params.public_params()).unwrap()
}

#[tokio::test]
async fn a_batch_certifies_the_named_key_until_the_end_of_its_last_day() {
    let issuer = TestIssuer::start().await;
    let other = issuer.add_account(false).await;
    let (room, now) = (RoomId::from_bytes([1; 32]), issuer.clock.now());
    let member_key = DeviceSecret::from_bytes([2; 32]).member_key(&room).public();
    let issuers_key = public(issuer.certificate_params.as_ref().unwrap());
    let mut lengths = Vec::new();
    for (account, stranger, seed) in [(&issuer.account, &other, 1), (&other, &issuer.account, 2)] {
        let key = identity(seed);
        let answer = week(&issuer, account, &[&text(&key)]).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("anteroom-degraded"), None);
        lengths.push(answer.body.len());
        let signed = certificate(&answer.json());
        let chain = signed.present(&key, &room, &member_key);
        let verify = |aci, now| chain.verify(&issuers_key, aci, &room, &member_key, now);
        let content = verify(&account.aci, now).unwrap();
        assert!(!content.is_guest && content.identity_key == key.public());
        let last_day = now.start_of_day().plus(7 * DAY);
        assert_eq!(content.last_day, last_day);
        assert!(verify(&account.aci, last_day.plus(DAY - 1)).is_ok());
        let refused = |aci, now| verify(aci, now).unwrap_err();
        assert_eq!(
            refused(&account.aci, last_day.plus(DAY)),
            CertificateError::Expired
        );
        assert_eq!(refused(&stranger.aci, now), CertificateError::Account);
    }
    assert_eq!(lengths[0], lengths[1], "no account's answer stands out");
}

#[tokio::test]
async fn a_malformed_key_is_400_after_the_limit_and_gets_no_event() {
    let issuer = TestIssuer::start().await;
    let good = text(&identity(1));
    let small_order = URL_SAFE_NO_PAD.encode([0; 32]);
    for keys in [
        &[""][..],
        &["0"],
        &[&good[1..]],
        &[&format!("{good}=")],
        &[&format!("{good}A")],
        &[&good.replace(|_: char| true, "!")],
        &[&small_order],
        &[&good, &good],
    ] {
        week(&issuer, &issuer.account, keys).await.assert_problem(
            400,
            "GROUP_CRED_INVALID_IDENTITY_KEY",
            "Invalid identity key. It is the base64url of an Ed25519 public key, without padding.",
        );
    }
    assert!(issuer.events.take().is_empty());
    while week(&issuer, &issuer.account, &[]).await.status == 200 {}
    let answer = week(&issuer, &issuer.account, &["0"]).await;
    assert_eq!(answer.status, 429);
}

#[tokio::test]
async fn without_a_key_of_certificates_the_batch_says_that_it_is_degraded() {
    let issuer = TestIssuer::start_with(TestIssuerOptions {
        certificate_params: false,
        ..TestIssuerOptions::default()
    })
    .await;
    for (keys, degraded) in [
        (&[][..], None),
        (&[text(&identity(1)).as_str()], Some("certificate")),
    ] {
        let answer = week(&issuer, &issuer.account, keys).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("anteroom-degraded"), degraded);
        assert_eq!(answer.json().as_object().unwrap().len(), 1);
    }
    let health = get(&issuer, "/health/ready").await;
    assert_eq!(health.status, 200);
    let states = &health.json()["dependencies"];
    assert_eq!(states["certificate-params"], "failing");
}

#[tokio::test]
async fn the_newest_valid_key_signs() {
    let start = Timestamp::from_secs(20_000 * DAY);
    let change = start.plus(3 * DAY);
    let entropy = SeededEntropy::new(7);
    let [old, new] = [(); 2].map(|()| CertificateParams::random(&mut *entropy.rng()));
    let dated = |params: &CertificateParams, not_before, not_after| DatedParams {
        params: params.clone(),
        not_before,
        not_after,
    };
    let keys = vec![
        dated(&old, start, Some(change.plus(11 * DAY))),
        dated(&new, change, None),
    ];
    let generic = DatedParams {
        params: GenericSecretParams::generate(Mode::Standard, Randomness::from_bytes([1; 32])),
        not_before: start,
        not_after: None,
    };
    let params = IssuingParams::new(Mode::Standard, vec![generic], Vec::new());
    let params = params.with_certificates(keys);
    let issuer = TestIssuer::start_with_params(TestIssuerOptions::default(), params).await;
    let key = identity(1);
    for (now, issuing) in [(change.minus(1), &old), (change, &new)] {
        issuer.clock.set(now);
        let body = get(&issuer, "/v1/params").await.json();
        let all = body["params"].as_array().unwrap();
        let listed: Vec<_> = all
            .iter()
            .filter(|entry| entry["kind"] == "certificates")
            .map(|entry| {
                assert_eq!(entry["version"], 1);
                let is_issuing = entry["issuing"].as_bool().unwrap();
                (bytes(&entry["publicParams"]), is_issuing)
            })
            .collect();
        let expected = [&new, &old].map(|one| (one.public_params(), one.id() == issuing.id()));
        assert_eq!(listed, expected);
        let answer = week(&issuer, &issuer.account, &[&text(&key)]).await;
        let room = RoomId::from_bytes([1; 32]);
        let member_key = DeviceSecret::from_bytes([2; 32]).member_key(&room).public();
        let chain = certificate(&answer.json()).present(&key, &room, &member_key);
        let aci = &issuer.account.aci;
        let signer = [&old, &new].into_iter().find(|one| {
            let verified = chain.verify(&public(one), aci, &room, &member_key, now);
            verified.is_ok()
        });
        assert_eq!(signer.map(CertificateParams::id), Some(issuing.id()));
    }
}
