//! Accounts of guests: how they come, what they get, and how they go.

use std::sync::Arc;

use anteroom_accounts::{Guests, LoginLimits, PurgeCounts};
use anteroom_issuer::IssuerLimits;
use anteroom_protocol::{Aci, AuthCredentialResponse, AuthSalt, DAY, Mode};
use anteroom_runtime::{BucketSize, ClientAddress, Clock as _, WindowSize};
use anteroom_store::{
    AccountKind, DeviceId, DeviceRetention, IssuerDatabase as _, TransactionName,
};
use anteroom_testkit::{LogGuard, TestAccount, TestIssuer, TestIssuerOptions, TestLoginOptions};
use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use crate::support::{Answer, bytes, call, events, get, get_as, post, post_from, signed};

const GUESTS: &str = "/v1/guests";
const OFF: &str = "Guests cannot join here. Please sign up, or ask the operator for an account.";
const NOT_ALLOWED: &str = "Guests join calls, and nothing else. Please sign up for an account.";

fn options(login: TestLoginOptions) -> TestIssuerOptions {
    TestIssuerOptions {
        login: TestLoginOptions {
            guests: Guests::Join,
            ..login
        },
        ..TestIssuerOptions::default()
    }
}

async fn with_guests() -> TestIssuer {
    TestIssuer::start_with(options(TestLoginOptions::default())).await
}

/// Reads the answer with a new guest.
fn guest_of(answer: &Answer) -> TestAccount {
    assert_eq!(
        answer.status,
        200,
        "{}",
        String::from_utf8_lossy(&answer.body)
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let body = answer.json();
    assert_eq!(body.as_object().unwrap().len(), 3, "{body}");
    let aci = Aci::parse(body["uuid"].as_str().unwrap()).unwrap();
    let password = body["password"].as_str().unwrap().to_owned();
    LogGuard::global().watch_bytes("account id", aci.as_bytes());
    LogGuard::global().watch_text("device password", &password);
    TestAccount {
        aci,
        pni: None,
        auth_salt: AuthSalt::from_bytes([0; 32]),
        device: DeviceId::new(u32::try_from(body["deviceId"].as_u64().unwrap()).unwrap()).unwrap(),
        password,
    }
}

async fn new_guest(issuer: &TestIssuer) -> TestAccount {
    guest_of(&post(issuer, GUESTS, &json!({})).await)
}

#[tokio::test]
async fn a_guest_is_an_account_with_one_device_and_no_way_to_log_in() {
    let issuer = with_guests().await;
    let guest = new_guest(&issuer).await;
    let user = issuer.pseudonymizer.account(&guest.aci).to_string();
    let happened = events(&issuer);
    assert_eq!(
        happened,
        [
            (
                "device.registered",
                json!({ "user_id": user, "device_id": 1 })
            ),
            ("guest.added", json!({ "user_id": user })),
        ]
    );
    let shown = get_as(&issuer, &guest, "/v1/accounts/whoami").await.json();
    assert_eq!(shown["guest"], json!(true));
    assert_eq!(shown["uuid"], guest.aci.to_uuid_string());
    let of_account = get_as(&issuer, &issuer.account, "/v1/accounts/whoami").await;
    assert!(of_account.json().get("guest").is_none());
    let metrics = issuer.metrics().await;
    assert!(
        metrics.contains("anteroom_guests_added_total 1\n"),
        "{metrics}"
    );
    let mut reader = issuer
        .database
        .read(TransactionName::new("test"))
        .await
        .unwrap();
    let account = reader.account(&guest.aci).await.unwrap().unwrap();
    assert_eq!(account.kind, AccountKind::Guest);
    assert!(reader.login(&guest.aci).await.unwrap().is_none());
    assert!(issuer.mails.take().is_empty(), "nobody has an address");

    // A device of a guest adds no further ones.
    let request = signed(Request::post("/v1/devices"), &guest)
        .header("content-type", "application/json")
        .body(Body::from(json!({ "name": "another" }).to_string()));
    call(&issuer, request.unwrap())
        .await
        .assert_problem(403, "GUEST_NOT_ALLOWED", NOT_ALLOWED);
}

#[tokio::test]
async fn without_guests_there_are_none() {
    let issuer = TestIssuer::start().await;
    let refused = post(&issuer, GUESTS, &json!({})).await;
    refused.assert_problem(403, "GUESTS_OFF", OFF);
    assert!(events(&issuer).is_empty());
    let listed = get(&issuer, "/v1/params").await.json();
    assert!(!listed.to_string().contains("guest"), "{listed}");
}

#[tokio::test]
async fn guests_of_before_get_nothing_once_guests_are_off() {
    let before = with_guests().await;
    let guest = new_guest(&before).await;
    let mode = Mode::Standard;
    let params = anteroom_issuer::IssuingParams::new(mode, Vec::new(), Vec::new());
    let database = Arc::new(before.database.clone());
    let issuer = TestIssuer::start_with_parts(TestIssuerOptions::default(), params, |parts| {
        parts.accounts.database = database;
    })
    .await;
    let day = issuer.clock.now().start_of_day().as_secs();
    let range = format!("redemptionStartSeconds={day}&redemptionEndSeconds={day}");
    for path in [
        &format!("/v1/call-link/auth?{range}"),
        "/v2/calling/relays",
        "/v1/calling/relays",
    ] {
        let refused = get_as(&issuer, &guest, path).await;
        refused.assert_problem(403, "GUESTS_OFF", OFF);
    }
    let relays = get_as(&issuer, &before.account, "/v2/calling/relays").await;
    assert_eq!(relays.status, 200);
    let shown = get_as(&issuer, &guest, "/v1/accounts/whoami").await;
    assert_eq!(shown.json()["guest"], json!(true));
}

#[tokio::test]
async fn a_guest_has_few_relays_and_the_guests_of_a_network_as_many_as_ten() {
    const SECONDS: u64 = 600;
    const PATH: &str = "/v2/calling/relays";
    let issuer = TestIssuer::start_with(TestIssuerOptions {
        limits: IssuerLimits {
            relays_of_guests: BucketSize::new(2.try_into().unwrap(), SECONDS.try_into().unwrap()),
            ..IssuerLimits::default()
        },
        ..options(TestLoginOptions::default())
    })
    .await;
    let relays = async |guest: &TestAccount, client: &str| {
        let request = signed(Request::get(PATH), guest)
            .extension(ClientAddress::new(client.parse().unwrap()));
        call(&issuer, request.body(Body::empty()).unwrap()).await
    };
    let one = new_guest(&issuer).await;
    for status in [200, 200, 429] {
        assert_eq!(relays(&one, "203.0.113.1").await.status, status);
    }
    relays(&one, "203.0.113.1").await.assert_problem(
        429,
        "CALL_RELAY_RATE_LIMITED",
        "Too many relay credential requests. Please wait before trying again.",
    );
    for _ in 0..9 {
        let guest = new_guest(&issuer).await;
        for _ in 0..2 {
            assert_eq!(relays(&guest, "203.0.113.1").await.status, 200);
        }
    }
    let eleventh = new_guest(&issuer).await;
    assert_eq!(relays(&eleventh, "203.0.113.1").await.status, 429);
    assert_eq!(relays(&eleventh, "203.0.113.2").await.status, 200);
    // Accounts have their own.
    assert_eq!(relays(&issuer.account, "203.0.113.1").await.status, 200);
    issuer.clock.advance(SECONDS / 10);
    assert_eq!(relays(&eleventh, "203.0.113.1").await.status, 200);
    assert_eq!(relays(&one, "203.0.113.2").await.status, 429);
    issuer.clock.advance(SECONDS);
    assert_eq!(relays(&one, "203.0.113.2").await.status, 200);
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused() {
    let issuer = with_guests().await;
    for (kind, body, status) in [
        ("application/json", "[1]", 422),
        ("application/json", "", 422),
        ("text/plain", "{}", 415),
    ] {
        let request = Request::post(GUESTS)
            .header("content-type", kind)
            .body(Body::from(body));
        assert_eq!(
            call(&issuer, request.unwrap()).await.status,
            status,
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_guest_gets_call_link_credentials_under_the_params_of_guests_and_nothing_else() {
    for mode in [Mode::Standard, Mode::Legacy] {
        let issuer = TestIssuer::start_with(TestIssuerOptions {
            mode,
            ..options(TestLoginOptions::default())
        })
        .await;
        let guest = new_guest(&issuer).await;
        let listed = get(&issuer, "/v1/params").await.json();
        let of_guests: Vec<&Value> = listed["params"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|entry| entry["kind"] == "guest")
            .collect();
        let params = issuer.guest_params.as_ref().unwrap();
        assert_eq!(of_guests.len(), 1);
        assert_eq!(bytes(&of_guests[0]["publicParams"]), params.to_bytes());
        assert_eq!(of_guests[0]["issuing"], json!(true));
        assert_eq!(of_guests[0]["version"], json!(1));

        let today = issuer.clock.now().start_of_day();
        let day = today.as_secs();
        let range = format!("redemptionStartSeconds={day}&redemptionEndSeconds={day}");
        let path = format!("/v1/call-link/auth?{range}");
        let body = get_as(&issuer, &guest, &path).await.json();
        let credential = bytes(&body["callLinkAuthCredentials"][0]["credential"]);
        let response = AuthCredentialResponse::from_bytes(&credential).unwrap();
        response.receive(&guest.aci, today, params).unwrap();
        let others = issuer.generic_params.as_ref().unwrap();
        assert!(response.receive(&guest.aci, today, others).is_err());
        // Accounts get theirs as before.
        let body = get_as(&issuer, &issuer.account, &path).await.json();
        let credential = bytes(&body["callLinkAuthCredentials"][0]["credential"]);
        let response = AuthCredentialResponse::from_bytes(&credential).unwrap();
        response
            .receive(&issuer.account.aci, today, others)
            .unwrap();

        let path = format!("/v1/certificate/auth/group?{range}");
        let refused = get_as(&issuer, &guest, &path).await;
        refused.assert_problem(403, "GUEST_NOT_ALLOWED", NOT_ALLOWED);
        let request = signed(Request::post("/v1/call-link/create-auth"), &guest);
        let refused = call(&issuer, request.body(Body::empty()).unwrap()).await;
        refused.assert_problem(403, "GUEST_NOT_ALLOWED", NOT_ALLOWED);
    }
}

#[tokio::test]
async fn new_guests_are_limited_by_address_and_in_all() {
    const HOUR: u64 = 3_600;
    let window = |most: u32| WindowSize::new(most.try_into().unwrap(), HOUR.try_into().unwrap());
    let issuer = TestIssuer::start_with(options(TestLoginOptions {
        limits: LoginLimits {
            guests: window(2),
            all_guests: window(3),
            ..LoginLimits::default()
        },
        ..TestLoginOptions::default()
    }))
    .await;
    for (client, status) in [
        ("203.0.113.1", 200),
        ("203.0.113.1", 200),
        ("203.0.113.1", 429),
        ("203.0.113.2", 200),
        ("203.0.113.3", 429),
    ] {
        let answer = post_from(&issuer, client, GUESTS, &json!({})).await;
        assert_eq!(answer.status, status, "{client}");
        if status == 429 {
            answer.assert_problem(
                429,
                "GUESTS_RATE_LIMITED",
                "Too many new guests. Please wait before trying again.",
            );
        }
    }
    issuer.clock.advance(HOUR + 1);
    let answer = post_from(&issuer, "203.0.113.3", GUESTS, &json!({})).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn no_network_has_more_than_its_share_of_all_guests() {
    const HOUR: u64 = 3_600;
    let window = |most: u32| WindowSize::new(most.try_into().unwrap(), HOUR.try_into().unwrap());
    let issuer = TestIssuer::start_with(options(TestLoginOptions {
        limits: LoginLimits {
            guests: window(2),
            guests_of_network: window(3),
            ..LoginLimits::default()
        },
        ..TestLoginOptions::default()
    }))
    .await;
    for (client, status) in [
        ("2001:db8:1:1::1", 200),
        ("2001:db8:1:101::1", 200),
        ("2001:db8:1:201::1", 200),
        ("2001:db8:1:301::1", 429),
        ("2001:db8:2:1::1", 200),
        ("203.0.113.1", 200),
    ] {
        let answer = post_from(&issuer, client, GUESTS, &json!({})).await;
        assert_eq!(answer.status, status, "{client}");
    }
}

#[tokio::test]
async fn a_guest_is_deleted_30_days_after_the_last_use() {
    let issuer = with_guests().await;
    let (used, unused) = (new_guest(&issuer).await, new_guest(&issuer).await);
    issuer.clock.advance(DAY);
    assert_eq!(
        get_as(&issuer, &used, "/v1/accounts/whoami").await.status,
        200
    );
    issuer.issuer.accounts().device_uses_written().await;
    issuer.clock.advance(29 * DAY);
    let accounts = issuer.issuer.accounts();
    assert_eq!(accounts.purge().await.unwrap(), PurgeCounts::default());
    issuer.clock.advance(1);
    events(&issuer);
    let purged = accounts.purge().await.unwrap();
    let one_guest = PurgeCounts {
        guests: 1,
        ..PurgeCounts::default()
    };
    assert_eq!(purged, one_guest);
    let user = issuer.pseudonymizer.account(&unused.aci).to_string();
    assert_eq!(
        events(&issuer),
        [
            ("device.purged", json!({ "user_id": user, "device_id": 1 })),
            (
                "audit",
                json!({ "action": "device.purged", "actor": "retention", "user_id": user,
                        "device_id": 1 })
            ),
        ]
    );
    assert_eq!(
        get_as(&issuer, &unused, "/v1/accounts/whoami").await.status,
        401
    );
    let mut reader = issuer
        .database
        .read(TransactionName::new("test"))
        .await
        .unwrap();
    assert!(reader.account(&unused.aci).await.unwrap().is_none());
    assert!(reader.account(&used.aci).await.unwrap().is_some());
    drop(reader);
    issuer.clock.advance(DAY);
    assert_eq!(accounts.purge().await.unwrap(), one_guest);
}

#[tokio::test]
async fn a_guest_goes_with_its_device_where_devices_are_kept_for_less_than_30_days() {
    let params = anteroom_issuer::IssuingParams::new(Mode::Standard, Vec::new(), Vec::new());
    let options = options(TestLoginOptions::default());
    let issuer = TestIssuer::start_with_parts(options, params, |parts| {
        parts.accounts.login.settings.device_retention = DeviceRetention::from_secs(10 * DAY);
    })
    .await;
    let guest = new_guest(&issuer).await;
    issuer.clock.advance(10 * DAY);
    let accounts = issuer.issuer.accounts();
    assert_eq!(accounts.purge().await.unwrap().guests, 0);
    issuer.clock.advance(1);
    assert_eq!(accounts.purge().await.unwrap().guests, 1);
    let name = TransactionName::new("test");
    let mut reader = issuer.database.read(name).await.unwrap();
    assert!(reader.account(&guest.aci).await.unwrap().is_none());
}

#[tokio::test]
async fn missing_guest_params_are_a_degraded_dependency_where_there_are_guests() {
    let options = options(TestLoginOptions::default());
    let params = anteroom_issuer::IssuingParams::new(options.mode, Vec::new(), Vec::new());
    let issuer = TestIssuer::start_with_params(options, params).await;
    issuer.issuer.check_dependencies().await;
    let metrics = issuer.metrics().await;
    let line = "anteroom_dependency_failing{dependency=\"guest-params\"} 1";
    assert!(metrics.lines().any(|shown| shown == line), "{metrics}");
    let issuer = TestIssuer::start().await;
    issuer.issuer.check_dependencies().await;
    assert!(!issuer.metrics().await.contains("guest-params"));
}
