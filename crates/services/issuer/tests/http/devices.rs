//! Devices: list, register, rename, delete, purge; by owners and administrators.

use std::net::{IpAddr, Ipv4Addr};

use anteroom_accounts::PurgeCounts;
use anteroom_protocol::{Aci, DAY};
use anteroom_runtime::{ClientAddress, Clock as _};
use anteroom_testkit::{LogGuard, TestIssuer, TestLogin, execute_sql};
use axum::body::Body;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::Request;
use serde_json::{Value, json};

use crate::support::{Answer, Tokens, bearer, call, events, get_as, post, signed};

const DEVICES: &str = "/v1/devices";
/// The address of [`post`].
const FROM: ClientAddress = ClientAddress::new(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 1)));

async fn log_in(issuer: &TestIssuer, email: &str) -> (Aci, Tokens) {
    let aci = issuer
        .add_login(TestLogin::new(email, "correct horse"))
        .await;
    let body = json!({ "email": email, "password": "correct horse" });
    let tokens = Tokens::of(&post(issuer, "/auth/login", &body).await);
    let _ = events(issuer);
    (aci, tokens)
}

#[track_caller]
fn assert_not_found(answer: &Answer) {
    answer.assert_problem(404, "DEVICE_NOT_FOUND", "Device not found on this account");
}

#[tokio::test]
async fn listed_devices_are_told_with_their_number() {
    let issuer = TestIssuer::start().await;
    let (aci, tokens) = log_in(&issuer, "ann@example.com").await;
    let user_id = issuer.pseudonymizer.account(&aci).to_string();
    let now = issuer.clock.now();
    let answer = bearer(&issuer, &tokens.access, "GET", DEVICES, None).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(
        answer.json(),
        json!({ "devices": [{
            "id": 1,
            "name": "Device 1",
            "created": now.as_secs(),
            "lastSeen": now.as_secs(),
            "lastAddress": issuer.pseudonymizer.address(FROM).to_string(),
            "state": "active",
            "current": true,
        }]})
    );
    assert_eq!(
        events(&issuer),
        [(
            "device.list_retrieved",
            json!({ "user_id": user_id, "device_count": 1 })
        )]
    );
    // The password of a device works as well.
    let answer = get_as(&issuer, &issuer.account, DEVICES).await;
    assert_eq!(answer.json()["devices"][0]["name"], "test device");
}

#[tokio::test]
async fn one_more_device_signs_in_with_its_own_password() {
    let issuer = TestIssuer::start().await;
    let (aci, tokens) = log_in(&issuer, "ann@example.com").await;
    let user_id = issuer.pseudonymizer.account(&aci).to_string();
    let body = json!({ "name": "Küche" });
    let answer = bearer(&issuer, &tokens.access, "POST", DEVICES, Some(&body)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let body = answer.json();
    assert_eq!(body["deviceId"], 2);
    let password = body["password"].as_str().unwrap();
    LogGuard::global().watch_text("device password", password);
    assert_eq!(
        events(&issuer),
        [
            (
                "device.registered",
                json!({ "user_id": user_id, "device_id": 2 })
            ),
            (
                "device.list_changed",
                json!({ "user_id": user_id, "device_ids": [1], "change": "registered",
                        "device_id": 2 })
            ),
        ]
    );
    let name = STANDARD.encode(format!("{}.2:{password}", aci.to_uuid_string()));
    let request = Request::get(DEVICES).header("authorization", format!("Basic {name}"));
    let answer = call(&issuer, request.body(Body::empty()).unwrap()).await;
    let current: Vec<_> = answer.json()["devices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|device| device["current"].as_bool().unwrap())
        .collect();
    assert_eq!(current, [false, true]);
}

#[tokio::test]
async fn a_device_is_renamed_by_up_to_100_characters_of_any_script() {
    let issuer = TestIssuer::start().await;
    let (aci, tokens) = log_in(&issuer, "ann@example.com").await;
    let user_id = issuer.pseudonymizer.account(&aci).to_string();
    let path = "/v1/devices/1";
    for name in [
        "Phone".to_owned(),
        "电话".to_owned(),
        "هاتف".to_owned(),
        "📱".repeat(100),
        "é".repeat(100),
    ] {
        let body = json!({ "name": name });
        let answer = bearer(&issuer, &tokens.access, "PATCH", path, Some(&body)).await;
        assert_eq!(answer.status, 204);
        assert_eq!(
            events(&issuer),
            [(
                "device.updated",
                json!({ "user_id": user_id, "device_id": 1 })
            )]
        );
        let listed = bearer(&issuer, &tokens.access, "GET", DEVICES, None).await;
        assert_eq!(listed.json()["devices"][0]["name"], name);
        let _ = events(&issuer);
    }
    for (method, path) in [("PATCH", path), ("POST", DEVICES)] {
        let body = json!({ "name": "é".repeat(101) });
        let answer = bearer(&issuer, &tokens.access, method, path, Some(&body)).await;
        answer.assert_problem(
            400,
            "DEVICE_DISPLAY_NAME_TOO_LONG",
            "Device display name is too long (maximum 100 characters)",
        );
        for body in [json!({}), json!({ "name": 1 }), json!(null)] {
            let answer = bearer(&issuer, &tokens.access, method, path, Some(&body)).await;
            assert_eq!(answer.code(), "UNPROCESSABLE");
        }
    }
    assert_eq!(events(&issuer), []);
}

#[tokio::test]
async fn a_deleted_device_is_gone_with_all_its_sessions() {
    let issuer = TestIssuer::start().await;
    let (aci, tokens) = log_in(&issuer, "ann@example.com").await;
    let user_id = issuer.pseudonymizer.account(&aci).to_string();
    let answer = bearer(&issuer, &tokens.access, "DELETE", "/v1/devices/1", None).await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (204, 0));
    assert_eq!(
        events(&issuer),
        [
            (
                "device.deleted",
                json!({ "user_id": user_id, "device_id": 1 })
            ),
            (
                "audit",
                json!({ "action": "device.deleted", "actor": user_id, "user_id": user_id,
                        "device_id": 1 })
            ),
        ]
    );
    let again = bearer(&issuer, &tokens.access, "DELETE", "/v1/devices/1", None).await;
    again.assert_problem(401, "UNAUTHORIZED", "Authentication required.");
}

#[tokio::test]
async fn a_device_that_is_not_there_is_not_found() {
    let issuer = TestIssuer::start().await;
    let (_, tokens) = log_in(&issuer, "ann@example.com").await;
    let name = json!({ "name": "x" });
    for id in [
        "2",
        "0",
        "01",
        "-1",
        "x",
        "4294967296",
        "%F0%9F%93%B1",
        "%FF",
        "1%2F",
        "%FF",
    ] {
        let path = format!("/v1/devices/{id}");
        let renamed = bearer(&issuer, &tokens.access, "PATCH", &path, Some(&name)).await;
        let deleted = bearer(&issuer, &tokens.access, "DELETE", &path, None).await;
        assert_not_found(&renamed);
        assert_not_found(&deleted);
    }
    assert_eq!(events(&issuer), []);
}

/// Returns every kind of request about the devices of `account`.
fn requests(account: &str) -> [(&'static str, String, Option<Value>); 4] {
    let (query, name) = (format!("?account={account}"), json!({ "name": "x" }));
    [
        ("GET", format!("{DEVICES}{query}"), None),
        ("POST", format!("{DEVICES}{query}"), Some(name.clone())),
        ("PATCH", format!("{DEVICES}/1{query}"), Some(name)),
        ("DELETE", format!("{DEVICES}/1{query}"), None),
    ]
}

#[track_caller]
fn assert_not_allowed(answer: &Answer, method: &str) {
    let detail = match method {
        "POST" => {
            "Devices can be registered for the calling account only. Please sign in as the account \
             that the device is for."
        }
        _ => "Only administrators may manage the devices of other accounts.",
    };
    answer.assert_problem(403, "DEVICE_NOT_ALLOWED", detail);
}

#[tokio::test]
async fn members_manage_the_devices_of_their_own_account_only() {
    let issuer = TestIssuer::start().await;
    let (ann, _) = log_in(&issuer, "ann@example.com").await;
    let (bob, bobs) = log_in(&issuer, "bob@example.com").await;
    let anns_id = ann.to_uuid_string();
    for named in [anns_id.as_str(), "", "x"] {
        for (method, path, body) in requests(named) {
            let answer = bearer(&issuer, &bobs.access, method, &path, body.as_ref()).await;
            assert_not_allowed(&answer, method);
        }
    }
    // A request may name the caller's own account.
    for (method, path, body) in requests(&bob.to_uuid_string()) {
        let answer = bearer(&issuer, &bobs.access, method, &path, body.as_ref()).await;
        assert!(answer.status.is_success(), "{method}");
    }
}

#[tokio::test]
async fn administrators_list_rename_and_delete_the_devices_of_others_and_register_none() {
    let issuer = TestIssuer::start().await;
    let (ann, anns) = log_in(&issuer, "ann@example.com").await;
    let (bob, bobs) = log_in(&issuer, "bob@example.com").await;
    let name = |aci| issuer.pseudonymizer.account(aci).to_string();
    let (user_id, actor) = (name(&ann), name(&bob));
    let anns_id = ann.to_uuid_string();
    issuer.promote(&bob).await;
    let mut happened = Vec::new();
    for (method, path, body) in requests(&anns_id) {
        let answer = bearer(&issuer, &bobs.access, method, &path, body.as_ref()).await;
        match method {
            "POST" => assert_not_allowed(&answer, method),
            _ => assert!(answer.status.is_success(), "{method}"),
        }
        if method == "GET" {
            assert_eq!(answer.json()["devices"][0]["current"], false);
        }
        for (event, payload) in events(&issuer) {
            assert_eq!(payload["user_id"], user_id.as_str());
            if event == "audit" {
                assert_eq!(payload["actor"], actor.as_str());
            }
            happened.push(event);
        }
    }
    assert_eq!(
        happened,
        [
            "device.list_retrieved",
            "device.updated",
            "device.deleted",
            "audit"
        ]
    );
    let whoami = "/v1/accounts/whoami";
    let answer = bearer(&issuer, &anns.access, "GET", whoami, None).await;
    assert_eq!(answer.status, 401);
    let stranger = Aci::from_bytes([9; 16]).to_uuid_string();
    let twice = format!("{anns_id}&account={anns_id}");
    for named in [stranger.as_str(), "", "x", &twice] {
        for (method, path, body) in requests(named) {
            let answer = bearer(&issuer, &bobs.access, method, &path, body.as_ref()).await;
            match method {
                "POST" => assert_not_allowed(&answer, method),
                _ => assert_not_found(&answer),
            }
        }
    }
}

#[tokio::test]
async fn nobody_else_gets_anything() {
    let issuer = TestIssuer::start().await;
    for (method, path) in [
        ("GET", DEVICES),
        ("POST", DEVICES),
        ("PATCH", "/v1/devices/1"),
        ("DELETE", "/v1/devices/1"),
    ] {
        let request = Request::builder().method(method).uri(path);
        let answer = call(&issuer, request.body(Body::empty()).unwrap()).await;
        answer.assert_problem(401, "UNAUTHORIZED", "Authentication required.");
    }
    let request = signed(Request::post(DEVICES), &issuer.account)
        .header("content-type", "text/plain")
        .body(Body::from("{}"));
    assert_eq!(
        call(&issuer, request.unwrap()).await.code(),
        "UNSUPPORTED_MEDIA_TYPE"
    );
}

#[tokio::test]
async fn purged_a_task_deletes_stale_devices_and_one_in_use_stays_device_purged() {
    let issuer = TestIssuer::start().await;
    let (ann, mut anns) = log_in(&issuer, "ann@example.com").await;
    let (_, _) = log_in(&issuer, "bob@example.com").await;
    let user_id = issuer.pseudonymizer.account(&ann).to_string();
    let body = json!({ "name": "old" });
    bearer(&issuer, &anns.access, "POST", DEVICES, Some(&body)).await;
    let _ = events(&issuer);
    let start = issuer.clock.now();
    // Ann's session continues, and no other device is used.
    for week in 1..=12 {
        issuer.clock.set(start.plus(week * 7 * DAY - week));
        let body = json!({ "refresh_token": anns.refresh });
        anns = Tokens::of(&post(&issuer, "/auth/refresh", &body).await);
    }
    issuer.clock.set(start.start_of_day().plus(90 * DAY));
    assert_eq!(issuer.issuer.accounts().purge().await.unwrap().devices, 0);
    issuer.clock.set(start.start_of_day().plus(91 * DAY));
    // One of Ann's, Bob's, and that of the account from the start.
    let purged = issuer.issuer.accounts().purge().await.unwrap();
    assert_eq!(purged.devices, 3);
    let happened = events(&issuer);
    let of = |event: &str| happened.iter().filter(|(name, _)| *name == event).count();
    assert_eq!((of("device.purged"), of("audit")), (3, 3));
    for expected in [
        (
            "device.purged",
            json!({ "user_id": user_id, "device_id": 2 }),
        ),
        (
            "audit",
            json!({ "action": "device.purged", "actor": "retention", "user_id": user_id,
                    "device_id": 2 }),
        ),
        (
            "device.list_changed",
            json!({ "user_id": user_id, "device_ids": [1], "change": "purged", "device_id": 2 }),
        ),
    ] {
        assert!(happened.contains(&expected), "{happened:?}");
    }
    assert_eq!(happened.len(), 7, "only Ann has another device");
    let answer = get_as(&issuer, &issuer.account, DEVICES).await;
    assert_eq!(answer.status, 401);
    assert_eq!(
        issuer.issuer.accounts().purge().await.unwrap(),
        PurgeCounts::default()
    );
    let body = json!({ "refresh_token": anns.refresh });
    let anns = Tokens::of(&post(&issuer, "/auth/refresh", &body).await);
    let listed = bearer(&issuer, &anns.access, "GET", DEVICES, None).await;
    let listed: Vec<Value> = listed.json()["devices"].as_array().unwrap().clone();
    assert_eq!(listed.len(), 1);
}

#[tokio::test]
async fn damaged_rows_keep_no_other_device_from_being_purged() {
    let issuer = TestIssuer::start().await;
    let sql = |statement| execute_sql(&issuer.directory().join("issuer.db"), statement);
    // The account from the start is the only one.
    sql("UPDATE accounts SET aci = zeroblob(length(aci))");
    let (ann, anns) = log_in(&issuer, "ann@example.com").await;
    log_in(&issuer, "bob@example.com").await;
    let body = json!({ "name": "old" });
    bearer(&issuer, &anns.access, "POST", DEVICES, Some(&body)).await;
    let start = issuer.clock.now();
    let mut refresh = anns.refresh;
    for week in 1..=12 {
        issuer.clock.set(start.plus(week * 7 * DAY - week));
        let body = json!({ "refresh_token": refresh });
        refresh = Tokens::of(&post(&issuer, "/auth/refresh", &body).await).refresh;
    }
    sql(
        "UPDATE devices SET name = zeroblob(length(name)) WHERE device_id = 1
         AND account_index IN (SELECT account_index FROM devices WHERE device_id = 2)",
    );
    issuer.clock.set(start.start_of_day().plus(91 * DAY));
    let _ = events(&issuer);
    for devices in [2, 0] {
        let purged = issuer.issuer.accounts().purge().await.unwrap();
        assert_eq!(purged.devices, devices);
    }
    let user_id = issuer.pseudonymizer.account(&ann).to_string();
    let told = json!({ "user_id": user_id, "device_ids": [1], "change": "purged", "device_id": 2 });
    assert!(events(&issuer).contains(&("device.list_changed", told)));
}

#[tokio::test]
async fn rows_that_mean_nothing_any_more_are_purged() {
    let issuer = TestIssuer::start().await;
    let (_, tokens) = log_in(&issuer, "ann@example.com").await;
    issuer.add_invite().await;
    let wrong = json!({ "email": "bob@example.com", "password": "another horse" });
    post(&issuer, "/auth/login", &wrong).await;
    post(
        &issuer,
        "/auth/password-reset",
        &json!({ "email": "ann@example.com" }),
    )
    .await;
    assert_eq!(
        issuer.issuer.accounts().purge().await.unwrap(),
        PurgeCounts::default()
    );
    issuer.clock.advance(7 * DAY);
    // A session, an invite, a failure and a link.
    let purged = issuer.issuer.accounts().purge().await.unwrap();
    assert_eq!(
        purged,
        PurgeCounts {
            rows: 4,
            ..PurgeCounts::default()
        }
    );
    let body = json!({ "refresh_token": tokens.refresh });
    assert_eq!(post(&issuer, "/auth/refresh", &body).await.status, 401);
}
