//! The public server params.

use anteroom_issuer::{DatedParams, IssuingParams, IssuingParamsError, credentials_end};
use anteroom_protocol::{
    DAY, GenericSecretParams, GroupServerSecretParams, Mode, Randomness, Timestamp,
};
use anteroom_runtime::Clock as _;
use anteroom_store::{ServerParamsKind, ServerParamsRecord};
use anteroom_testkit::{TestIssuer, TestIssuerOptions};
use axum::body::Body;
use http::Request;
use serde_json::json;

use crate::support::{bytes, call, get};

#[tokio::test]
async fn everyone_can_read_the_params_with_their_ids() {
    for (mode, version) in [(Mode::Legacy, 0), (Mode::Standard, 1)] {
        let issuer = TestIssuer::start_with(TestIssuerOptions {
            mode,
            ..TestIssuerOptions::default()
        })
        .await;
        let answer = get(&issuer, "/v1/params").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
        let body = answer.json();
        let generic = issuer.generic_params.as_ref().unwrap();
        let group = issuer.group_params.as_ref().unwrap();
        assert_eq!(body["params"].as_array().unwrap().len(), 3);
        let certificates = issuer.certificate_params.as_ref().unwrap();
        for (entry, kind, version, id, public) in [
            (
                &body["params"][0],
                "generic",
                version,
                generic.id(),
                generic.to_bytes(),
            ),
            (&body["params"][1], "group", 0, group.id(), group.to_bytes()),
            (
                &body["params"][2],
                "certificates",
                1,
                certificates.id(),
                certificates.public_params(),
            ),
        ] {
            assert_eq!(bytes(&entry["publicParams"]), public);
            let mut entry = entry.clone();
            entry.as_object_mut().unwrap().remove("publicParams");
            assert_eq!(
                entry,
                json!({
                    "id": id.to_hex(),
                    "kind": kind,
                    "version": version,
                    "notBefore": 0,
                    "notAfter": null,
                    "issuing": true,
                })
            );
        }
    }
}

#[tokio::test]
async fn a_kept_copy_is_confirmed_by_its_tag() {
    let issuer = TestIssuer::start().await;
    let first = get(&issuer, "/v1/params").await;
    let tag = first.header("etag").unwrap().to_owned();
    for (kept, status) in [
        (tag.clone(), 304),
        (format!("W/{tag}"), 304),
        (format!("\"other\", {tag}"), 304),
        ("*".to_owned(), 304),
        ("\"other\"".to_owned(), 200),
        (tag.trim_matches('"').to_owned(), 200),
    ] {
        let request = Request::get("/v1/params").header("if-none-match", &kept);
        let answer = call(&issuer, request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, status, "{kept}");
        assert_eq!(answer.header("etag"), Some(tag.as_str()));
        assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
        assert_eq!(answer.body.is_empty(), status == 304);
    }
}

fn randomness(byte: u8) -> Randomness {
    Randomness::from_bytes([byte; 32])
}

fn record(byte: u8) -> ServerParamsRecord {
    let params = GenericSecretParams::generate(Mode::Standard, randomness(byte));
    ServerParamsRecord {
        id: params.public_params().id(),
        kind: ServerParamsKind::Generic,
        not_before: Timestamp::from_secs(0),
        not_after: None,
        secret: params.to_bytes(),
    }
}

#[test]
fn stored_params_that_are_not_what_they_say_are_refused() {
    let load = |record: &ServerParamsRecord| {
        IssuingParams::from_records(Mode::Standard, std::slice::from_ref(record)).err()
    };
    let good = record(1);
    assert_eq!(load(&good), None);
    let mut cut = good.clone();
    cut.secret.pop();
    assert_eq!(load(&cut), Some(IssuingParamsError::Malformed(good.id)));
    let mut kind = good.clone();
    kind.kind = ServerParamsKind::Group;
    assert_eq!(load(&kind), Some(IssuingParamsError::Malformed(good.id)));
    let mut other = record(2);
    other.id = good.id;
    assert_eq!(load(&other), Some(IssuingParamsError::Mismatch(good.id)));
}

#[tokio::test]
async fn the_newest_valid_params_issue_and_the_next_ones_are_published_before() {
    const T: u64 = 20_000 * 86_400;
    let at = Timestamp::from_secs;
    let generic = |byte, mode, not_before: u64, not_after: Option<u64>| DatedParams {
        params: GenericSecretParams::generate(mode, randomness(byte)),
        not_before: at(not_before),
        not_after: not_after.map(at),
    };
    let id = |byte, mode| {
        GenericSecretParams::generate(mode, randomness(byte))
            .public_params()
            .id()
            .to_hex()
    };
    let (old, new) = (id(1, Mode::Standard), id(2, Mode::Standard));
    let legacy = id(3, Mode::Legacy);
    let issuer = TestIssuer::start_with_params(
        TestIssuerOptions::default(),
        IssuingParams::new(
            Mode::Standard,
            vec![
                generic(1, Mode::Standard, 0, Some(T + 200)),
                generic(2, Mode::Standard, T + 100, None),
                generic(3, Mode::Legacy, T + 50, None),
            ],
            vec![DatedParams {
                params: GroupServerSecretParams::generate(randomness(4), randomness(5)),
                not_before: at(T + 100),
                not_after: Some(at(T + 200)),
            }],
        ),
    )
    .await;
    for (now, listed, issuing) in [
        (T + 99, vec![&new, &legacy, &old], Some(&old)),
        (T + 100, vec![&new, &legacy, &old], Some(&new)),
        (T + 199, vec![&new, &legacy, &old], Some(&new)),
        (T + 200, vec![&new, &legacy, &old], Some(&new)),
    ] {
        issuer.clock.set(at(now));
        let body = get(&issuer, "/v1/params").await.json();
        let (generic, group): (Vec<_>, Vec<_>) = body["params"]
            .as_array()
            .unwrap()
            .iter()
            .partition(|entry| entry["kind"] == "generic");
        let ids: Vec<_> = generic
            .iter()
            .map(|entry| entry["id"].as_str().unwrap())
            .collect();
        assert_eq!(ids, listed, "{now}");
        let live = generic.iter().find(|entry| entry["issuing"] == true);
        assert_eq!(
            live.map(|entry| entry["id"].as_str().unwrap()),
            issuing.map(String::as_str)
        );
        let is_over = now >= T + 200;
        assert_eq!(group.len(), 1);
        for entry in group {
            assert_eq!(entry["issuing"], now >= T + 100 && !is_over);
            assert_eq!(entry["notAfter"], T + 200);
        }
    }
}

#[tokio::test]
async fn other_params_take_over_while_the_issuer_runs() {
    let issuer = TestIssuer::start().await;
    let before = get(&issuer, "/v1/params").await;
    let now = issuer.clock.now();
    let next = GenericSecretParams::generate(Mode::Standard, randomness(2));
    let id = next.public_params().id().to_hex();
    issuer.issuer.replace_params(IssuingParams::new(
        Mode::Standard,
        vec![DatedParams {
            params: next,
            not_before: now,
            not_after: None,
        }],
        Vec::new(),
    ));
    let after = get(&issuer, "/v1/params").await;
    assert_ne!(after.header("etag"), before.header("etag"));
    let body = after.json();
    assert_eq!(body["params"][0]["id"], id.as_str());
    assert_eq!(body["params"][0]["issuing"], true);
    let health = get(&issuer, "/health/ready").await.json();
    assert_eq!(
        health["dependencies"]["group-params"], "failing",
        "{health}"
    );
}

#[test]
fn credentials_end_after_every_way_to_show_them() {
    const T: u64 = 20_000 * DAY;
    for issued in [T, T + DAY - 1] {
        let end = credentials_end(Timestamp::from_secs(issued));
        let last_day = T + 8 * DAY;
        assert!(end > Timestamp::from_secs(last_day + 2 * DAY));
        assert!(end.is_day_aligned());
    }
}
