//! The client against an issuer that violates the protocol.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anteroom_client::{
    DayRange, DeviceCredentials, DeviceId, ExchangeError, IssuerClient, IssuerError, MemoryPins,
    Timeouts, TransportFailure, Trust, TrustedParams,
};
use anteroom_protocol::{
    Aci, AuthCredentialResponse, CreateCredentialRequest, DAY, GenericSecretParams, Mode,
    Randomness, RoomId, Timestamp,
};
use axum::{
    Json, Router,
    http::{HeaderMap, StatusCode, header},
    response::{AppendHeaders, Redirect},
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::SecretString;
use serde_json::{Value, json};

const NOW: Timestamp = Timestamp::from_secs(20_000 * DAY + DAY / 2);
const TODAY: u64 = 20_000 * DAY;
/// The issuer's clock agrees with the client's, so that the clocks cannot explain an unexpected answer.
const NOW_AS_DATE: &str = "Fri, 04 Oct 2024 12:00:00 GMT";

fn account() -> Aci {
    Aci::from_bytes([7; 16])
}

fn secret_params(seed: u8) -> GenericSecretParams {
    GenericSecretParams::generate(Mode::Standard, Randomness::from_bytes([seed; 32]))
}

fn listing(seed: u8) -> Value {
    let params = secret_params(seed).public_params().clone();
    json!({"params": [{
        "id": params.id().to_hex(), "kind": "generic", "version": 1,
        "notBefore": 0, "notAfter": null, "issuing": true,
        "publicParams": STANDARD.encode(params.to_bytes()),
    }]})
}

fn auth_credential(day: u64, seed: u8, aci: Aci) -> Value {
    let response = AuthCredentialResponse::issue(
        &aci,
        Timestamp::from_secs(day),
        &secret_params(seed),
        Randomness::from_bytes([9; 32]),
    );
    json!({"credential": STANDARD.encode(response.unwrap().to_bytes()), "redemptionTime": day})
}

async fn start(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

fn client(url: &str) -> IssuerClient {
    let device = DeviceCredentials::new(
        account(),
        DeviceId::PRIMARY,
        SecretString::from("a device's password"),
    );
    let timeouts = Timeouts {
        connect: Duration::from_secs(5),
        request: Duration::from_secs(5),
    };
    IssuerClient::new(url, device, timeouts).unwrap()
}

async fn params(client: &IssuerClient) -> TrustedParams {
    client
        .params(&MemoryPins::default(), Trust::FirstUse, NOW)
        .await
        .unwrap()
}

fn with_listing(router: Router) -> Router {
    let date = AppendHeaders([(header::DATE, NOW_AS_DATE)]);
    router.route(
        "/v1/params",
        get(move || async move { (date, Json(listing(1))) }),
    )
}

#[tokio::test]
async fn credentials_for_other_days_under_other_keys_or_for_others_are_refused() {
    let day = |offset: i64| TODAY.checked_add_signed(offset * DAY as i64).unwrap();
    let good = |offset| auth_credential(day(offset), 1, account());
    let relabelled = {
        let mut credential = good(1);
        *credential.get_mut("redemptionTime").unwrap() = json!(TODAY);
        credential
    };
    let cases = [
        ("as it should be", vec![good(0), good(1)], None),
        ("a day missing", vec![good(0)], Some("Malformed")),
        (
            "a day too many",
            vec![good(0), good(1), good(2)],
            Some("Malformed"),
        ),
        ("a day twice", vec![good(0), good(0)], Some("Malformed")),
        (
            "days out of order",
            vec![good(1), good(0)],
            Some("Malformed"),
        ),
        ("other days", vec![good(-1), good(0)], Some("Malformed")),
        ("none", vec![], Some("Malformed")),
        (
            "another day's under this day's name",
            vec![relabelled, good(1)],
            Some("Verification"),
        ),
        (
            "another key's",
            vec![good(0), auth_credential(day(1), 2, account())],
            Some("Verification"),
        ),
        (
            "another account's",
            vec![
                good(0),
                auth_credential(day(1), 1, Aci::from_bytes([8; 16])),
            ],
            Some("Verification"),
        ),
    ];
    for (what, credentials, refusal) in cases {
        let body = json!({"callLinkAuthCredentials": credentials});
        let router = Router::new().route("/v1/call-link/auth", get(|| async { Json(body) }));
        let client = client(&start(with_listing(router)).await);
        let range = DayRange::new(NOW.start_of_day(), NOW.start_of_day().plus(DAY)).unwrap();
        let outcome = client
            .auth_credentials(range, &params(&client).await, NOW)
            .await;
        let shown = outcome.map(|issued| issued.len());
        match refusal {
            None => assert_eq!(shown.unwrap(), 2, "{what}"),
            Some(name) => assert!(format!("{shown:?}").contains(name), "{what}: {shown:?}"),
        }
    }
}

#[tokio::test]
async fn an_odd_day_of_a_create_credential_is_refused() {
    let cases = [
        (TODAY, TODAY, None),
        (TODAY - DAY, TODAY - DAY, Some("OddDay")),
        (TODAY + DAY, TODAY + DAY, Some("OddDay")),
        (TODAY + 1, TODAY + 1, Some("OddDay")),
        (TODAY - DAY, TODAY, Some("Malformed")),
    ];
    for (issued_for, named, refusal) in cases {
        let issue = move |Json(body): Json<Value>| async move {
            let request = body.get("createCallLinkCredentialRequest").unwrap();
            let request = STANDARD.decode(request.as_str().unwrap()).unwrap();
            let response = CreateCredentialRequest::from_bytes(&request)
                .unwrap()
                .issue(
                    &account(),
                    Timestamp::from_secs(issued_for),
                    &secret_params(1),
                    Randomness::from_bytes([3; 32]),
                );
            // An honest issuer cannot make some of these.
            match response {
                Ok(response) => Ok(Json(json!({
                    "credential": STANDARD.encode(response.to_bytes()),
                    "redemptionTime": named,
                }))),
                Err(_) => Ok(Json(json!({"credential": "", "redemptionTime": named}))),
            }
            .map_err(|(): ()| StatusCode::BAD_REQUEST)
        };
        let router = Router::new().route("/v1/call-link/create-auth", post(issue));
        let client = client(&start(with_listing(router)).await);
        let room = RoomId::from_bytes([5; 32]);
        let outcome = client
            .create_credential(
                &room,
                &params(&client).await,
                NOW,
                Randomness::from_bytes([4; 32]),
            )
            .await;
        let shown = format!("{:?}", outcome.as_ref().map(|issued| issued.redemption));
        match refusal {
            None => assert!(outcome.is_ok(), "{shown}"),
            Some("OddDay") => assert!(
                shown.contains("OddDay") || shown.contains("Malformed"),
                "{shown}"
            ),
            Some(name) => assert!(shown.contains(name), "{shown}"),
        }
    }
}

#[tokio::test]
async fn nothing_is_asked_of_an_issuer_whose_params_are_not_trusted() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let router = Router::new().route(
        "/v1/call-link/create-auth",
        post(move || async move {
            count.fetch_add(1, Ordering::SeqCst);
        }),
    );
    let client = client(&start(with_listing(router)).await);
    let params = client
        .params(&MemoryPins::default(), Trust::PinnedOnly, NOW)
        .await
        .unwrap();
    let room = RoomId::from_bytes([5; 32]);
    let outcome = client
        .create_credential(&room, &params, NOW, Randomness::from_bytes([4; 32]))
        .await;
    assert!(matches!(outcome, Err(IssuerError::Untrusted { .. })));
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn refusals_become_typed_errors() {
    let problem = || async {
        let headers = [
            (header::CONTENT_TYPE, "application/problem+json"),
            (header::RETRY_AFTER, "900"),
        ];
        let body = json!({"code": "CALL_LINK_RATE_LIMITED", "detail": "Too many."});
        (StatusCode::TOO_MANY_REQUESTS, headers, body.to_string())
    };
    let router = Router::new().route("/v1/accounts/whoami", get(problem));
    let client = client(&start(router).await);
    let IssuerError::Problem(refusal) = client.whoami().await.unwrap_err() else {
        unreachable!("another error")
    };
    assert_eq!(refusal.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refusal.code, "CALL_LINK_RATE_LIMITED");
    assert_eq!(refusal.detail, "Too many.");
    assert_eq!(refusal.retry_after, Some(Duration::from_secs(900)));
}

#[tokio::test]
async fn the_password_follows_no_redirect() {
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    let elsewhere = Router::new().fallback(move |_: HeaderMap| async move {
        count.fetch_add(1, Ordering::SeqCst);
    });
    let target = start(elsewhere).await;
    let router = Router::new().route(
        "/v1/accounts/whoami",
        get(move || async move { Redirect::temporary(&target) }),
    );
    let client = client(&start(router).await);
    assert!(matches!(
        client.whoami().await,
        Err(IssuerError::Problem(problem)) if problem.status == StatusCode::TEMPORARY_REDIRECT
    ));
    assert_eq!(seen.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn answers_without_end_or_sense_are_cut_off() {
    let router = Router::new()
        .route("/v1/params", get(|| async { " ".repeat(300 * 1024) }))
        .route("/v1/accounts/whoami", get(|| async { "[]" }));
    let client = client(&start(router).await);
    let outcome = client.published_params().await;
    assert!(matches!(
        outcome,
        Err(IssuerError::Exchange(ExchangeError {
            failure: TransportFailure::TooLarge { .. },
            ..
        }))
    ));
    let outcome = client.whoami().await;
    assert!(matches!(
        outcome,
        Err(IssuerError::Exchange(ExchangeError {
            failure: TransportFailure::Malformed(_),
            ..
        }))
    ));
}

#[tokio::test]
async fn a_silent_and_a_missing_issuer_are_told_apart() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let device =
        DeviceCredentials::new(account(), DeviceId::PRIMARY, SecretString::from("password"));
    let timeouts = Timeouts {
        connect: Duration::from_millis(200),
        request: Duration::from_millis(200),
    };
    let client = IssuerClient::new(&url, device, timeouts).unwrap();
    // The listener never accepts: the connection is established, but no answer arrives.
    assert!(matches!(
        client.whoami().await,
        Err(IssuerError::Exchange(ExchangeError {
            failure: TransportFailure::TimedOut,
            ..
        }))
    ));
    drop(listener);
    let outcome = client.whoami().await;
    assert!(matches!(
        outcome,
        Err(IssuerError::Exchange(ExchangeError {
            failure: TransportFailure::Unreachable(_),
            ..
        }))
    ));
    let shown = format!(
        "{:?} {}",
        outcome.as_ref().err(),
        outcome.as_ref().unwrap_err()
    );
    assert!(!shown.contains("password") && !shown.contains(&account().to_uuid_string()));
}
