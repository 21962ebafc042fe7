//! Device management: each test's name has the words of its requirement.

use std::sync::Arc;

use anteroom_accounts::{ExternalIdentity, IdentityVerifier};
use anteroom_issuer::{IssuingParams, openapi};
use anteroom_protocol::{Aci, AuthSalt, DAY, Mode};
use anteroom_runtime::{ClientAddress, Clock as _, Entropy as _};
use anteroom_store::{
    Device, DeviceId, DeviceName, DevicePassword, IdentityName, IssuerDatabase as _,
    TransactionName,
};
use anteroom_testkit::{LogGuard, TestAccount, TestIssuer, TestIssuerOptions, TestLogin};
use async_trait::async_trait;
use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use crate::support::{Answer, Tokens, bearer, call, events, get_as, post, post_from, signed};

const EMAIL: &str = "ann@example.com";
const PASSWORD: &str = "correct horse";
const DEVICES: &str = "/v1/devices";
const WHOAMI: &str = "/v1/accounts/whoami";
const NAME: TransactionName = TransactionName::new("test");

struct Scene {
    issuer: TestIssuer,
    aci: Aci,
    user: String,
}

impl Scene {
    async fn new() -> Self {
        Self::of(TestIssuer::start().await).await
    }

    async fn of(issuer: TestIssuer) -> Self {
        let aci = issuer.add_login(TestLogin::new(EMAIL, PASSWORD)).await;
        let user = issuer.pseudonymizer.account(&aci).to_string();
        Self { issuer, aci, user }
    }

    /// Logs in as a device, or as a new one without a number. Removes the events of the login.
    async fn log_in(&self, device: Option<u32>) -> Tokens {
        let body = json!({ "email": EMAIL, "password": PASSWORD, "deviceId": device });
        let tokens = Tokens::of(&post(&self.issuer, "/auth/login", &body).await);
        let _ = events(&self.issuer);
        tokens
    }

    async fn refresh(&self, tokens: &Tokens) -> Answer {
        let body = json!({ "refresh_token": tokens.refresh });
        post(&self.issuer, "/auth/refresh", &body).await
    }

    async fn call(&self, tokens: &Tokens, method: &str, path: &str, body: Option<Value>) -> Answer {
        bearer(&self.issuer, &tokens.access, method, path, body.as_ref()).await
    }

    async fn listed(&self, tokens: &Tokens) -> Vec<Value> {
        let answer = self.call(tokens, "GET", DEVICES, None).await;
        assert_eq!(answer.status, 200);
        answer.json()["devices"].as_array().unwrap().clone()
    }

    fn changed(&self, event: &'static str, device: u32) -> (&'static str, Value) {
        (event, json!({ "user_id": self.user, "device_id": device }))
    }

    fn told(&self, others: &[u32], change: &str, device: u32) -> (&'static str, Value) {
        let payload = json!({ "user_id": self.user, "device_ids": others, "change": change,
                              "device_id": device });
        ("device.list_changed", payload)
    }
}

#[tokio::test]
async fn each_login_session_is_a_named_device_of_the_account() {
    let scene = Scene::new().await;
    let body = json!({ "email": EMAIL, "password": PASSWORD, "deviceName": "Phone" });
    let phone = Tokens::of(&post(&scene.issuer, "/auth/login", &body).await);
    let laptop = scene.log_in(None).await;
    assert_eq!((phone.device, laptop.device), (1, 2));
    let listed = scene.listed(&laptop).await;
    let names: Vec<_> = listed.iter().map(|device| &device["name"]).collect();
    assert_eq!(names, ["Phone", "Device 2"]);
}

#[tokio::test]
async fn registered_on_login_with_a_new_or_known_device_id_device_registered() {
    let scene = Scene::new().await;
    for (device, expected) in [
        (Some(7), vec![scene.changed("device.registered", 7)]),
        (Some(7), vec![scene.changed("device.registered", 7)]),
        (
            None,
            vec![
                scene.changed("device.registered", 8),
                scene.told(&[7], "registered", 8),
            ],
        ),
    ] {
        let body = json!({ "email": EMAIL, "password": PASSWORD, "deviceId": device });
        Tokens::of(&post(&scene.issuer, "/auth/login", &body).await);
        let happened = events(&scene.issuer);
        let happened: Vec<_> = happened
            .into_iter()
            .filter(|(name, _)| !name.starts_with("login."))
            .collect();
        assert_eq!(happened, expected, "{device:?}");
    }
    // A known device with another name is renamed too.
    for (name, renamed) in [("Phone", true), ("Phone", false)] {
        let body = json!({ "email": EMAIL, "password": PASSWORD, "deviceId": 7,
                           "deviceName": name });
        Tokens::of(&post(&scene.issuer, "/auth/login", &body).await);
        let update = scene.changed("device.updated", 7);
        assert_eq!(events(&scene.issuer).contains(&update), renamed);
    }
}

#[tokio::test]
async fn renamed_by_the_owner_device_updated() {
    let scene = Scene::new().await;
    let (phone, _laptop) = (scene.log_in(None).await, scene.log_in(None).await);
    for device in [1, 2] {
        let path = format!("{DEVICES}/{device}");
        let body = json!({ "name": "Another" });
        let answer = scene.call(&phone, "PATCH", &path, Some(body)).await;
        assert_eq!(answer.status, 204);
        assert_eq!(
            events(&scene.issuer),
            [
                scene.changed("device.updated", device),
                scene.told(&[3 - device], "updated", device),
            ]
        );
    }
}

#[tokio::test]
async fn deleted_by_the_owner_device_deleted_with_a_record_of_who_did_it() {
    let scene = Scene::new().await;
    let (phone, laptop) = (scene.log_in(None).await, scene.log_in(None).await);
    let answer = scene.call(&phone, "DELETE", "/v1/devices/2", None).await;
    assert_eq!(answer.status, 204);
    let record = json!({ "action": "device.deleted", "actor": scene.user, "user_id": scene.user,
                         "device_id": 2 });
    assert_eq!(
        events(&scene.issuer),
        [
            scene.changed("device.deleted", 2),
            ("audit", record),
            scene.told(&[1], "deleted", 2),
        ]
    );
    assert_eq!(scene.call(&laptop, "GET", WHOAMI, None).await.status, 401);
}

#[tokio::test]
async fn listed_device_list_retrieved() {
    let scene = Scene::new().await;
    let (phone, _laptop) = (scene.log_in(None).await, scene.log_in(None).await);
    assert_eq!(scene.listed(&phone).await.len(), 2);
    let payload = json!({ "user_id": scene.user, "device_count": 2 });
    assert_eq!(events(&scene.issuer), [("device.list_retrieved", payload)]);
}

#[tokio::test]
async fn list_entry_name_created_last_seen_time_address_as_pseudonym_state_current() {
    let scene = Scene::new().await;
    let phone = scene.log_in(None).await;
    let start = scene.issuer.clock.now();
    let pseudonym = |address: &str| {
        let client = ClientAddress::new(address.parse().unwrap());
        scene.issuer.pseudonymizer.address(client).to_string()
    };
    // Ten minutes later a second device logs in from another network.
    scene.issuer.clock.advance(600);
    let body = json!({ "email": EMAIL, "password": PASSWORD, "deviceName": "Laptop" });
    let answer = post_from(&scene.issuer, "2001:db8::7", "/auth/login", &body).await;
    let laptop = Tokens::of(&answer);
    let entry = |id: u32, name: &str, seen: u64, address: &str, current: bool| {
        json!({ "id": id, "name": name, "created": seen, "lastSeen": seen,
                "lastAddress": pseudonym(address), "state": "active", "current": current })
    };
    let first = entry(1, "Device 1", start.as_secs(), "203.0.113.1", false);
    let second = entry(2, "Laptop", start.plus(600).as_secs(), "2001:db8::7", true);
    assert_eq!(scene.listed(&laptop).await, [first, second]);

    // The first device is used again, from a third address.
    let client = ClientAddress::new("198.51.100.9".parse().unwrap());
    LogGuard::global().watch_text("address", "198.51.100.9");
    let request = Request::get(DEVICES)
        .header("authorization", format!("Bearer {}", phone.access))
        .extension(client);
    let answer = call(&scene.issuer, request.body(Body::empty()).unwrap()).await;
    let seen = &answer.json()["devices"][0];
    assert_eq!(seen["lastSeen"], start.plus(600).as_secs());
    assert_eq!(seen["lastAddress"], pseudonym("198.51.100.9"));
    assert_eq!(seen["current"], true);
    scene.issuer.issuer.accounts().device_uses_written().await;
    let mut reader = scene.issuer.database.read(NAME).await.unwrap();
    let stored = reader.device(&scene.aci, DeviceId::PRIMARY).await;
    let stored = stored.unwrap().unwrap();
    assert_eq!(stored.last_seen, start.plus(600));
    let address = stored.last_address.unwrap().to_string();
    assert_eq!(address, pseudonym("198.51.100.9"));
}

#[tokio::test]
async fn an_address_that_changes_all_the_time_is_written_once_a_minute() {
    let issuer = TestIssuer::start().await;
    let start = issuer.clock.now();
    for (elapsed, address, written) in [
        (0, "192.0.2.1", 0),
        (59, "192.0.2.2", 0),
        (60, "192.0.2.3", 60),
        (119, "192.0.2.4", 60),
        (120, "192.0.2.3", 60),
        (360, "192.0.2.3", 360),
    ] {
        issuer.clock.set(start.plus(elapsed));
        let request = signed(Request::get(WHOAMI), &issuer.account)
            .extension(ClientAddress::new(address.parse().unwrap()));
        let answer = call(&issuer, request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, 200);
        issuer.issuer.accounts().device_uses_written().await;
        let mut reader = issuer.database.read(NAME).await.unwrap();
        let device = reader.device(&issuer.account.aci, DeviceId::PRIMARY).await;
        let seen = device.unwrap().unwrap().last_seen;
        assert_eq!(seen, start.plus(written), "{elapsed}");
    }
}

#[tokio::test]
async fn a_stale_device_is_shown_renamed_deleted_or_active_again_when_it_is_seen() {
    let scene = Scene::new().await;
    let first = scene.log_in(None).await;
    for _ in 2..=4 {
        scene.log_in(None).await;
    }
    let body = json!({ "name": "With a password" });
    let answer = scene.call(&first, "POST", DEVICES, Some(body)).await.json();
    let password = answer["password"].as_str().unwrap().to_owned();
    LogGuard::global().watch_text("device password", &password);
    scene.issuer.clock.advance(90 * DAY + 1);
    let tokens = scene.log_in(Some(1)).await;
    let state = |listed: &[Value], id: usize| listed[id - 1]["state"].clone();
    let listed = scene.listed(&tokens).await;
    assert_eq!(state(&listed, 1), "active");
    for id in 2..=5 {
        assert_eq!(state(&listed, id), "stale", "{id}");
    }
    // A rename does not count as a use.
    let body = json!({ "name": "Old" });
    let renamed = scene
        .call(&tokens, "PATCH", "/v1/devices/2", Some(body))
        .await;
    assert_eq!(renamed.status, 204);
    let deleted = scene.call(&tokens, "DELETE", "/v1/devices/3", None).await;
    assert_eq!(deleted.status, 204);
    scene.log_in(Some(4)).await;
    let device = TestAccount {
        aci: scene.aci,
        pni: None,
        auth_salt: AuthSalt::from_bytes([0; 32]),
        device: DeviceId::new(5).unwrap(),
        password,
    };
    let own = get_as(&scene.issuer, &device, DEVICES).await.json();
    assert_eq!(own["devices"][3]["state"], "active", "the one that asks");
    scene.issuer.issuer.accounts().device_uses_written().await;
    let listed = scene.listed(&tokens).await;
    let states: Vec<_> = listed
        .iter()
        .map(|device| (device["id"].as_u64().unwrap(), device["state"].clone()))
        .collect();
    let expected = [(1, "active"), (2, "stale"), (4, "active"), (5, "active")];
    assert_eq!(states, expected.map(|(id, state)| (id, Value::from(state))));
    // Only devices that are still stale are purged.
    assert_eq!(
        scene
            .issuer
            .issuer
            .accounts()
            .purge()
            .await
            .unwrap()
            .devices,
        2
    );
    let left = scene.listed(&tokens).await;
    let left: Vec<_> = left.iter().map(|device| device["id"].clone()).collect();
    assert_eq!(left, [1, 4, 5]);
}

/// The credentials of device 2 of the account.
struct DeviceTraces {
    tokens: Tokens,
    /// Device 2 with a password, which its session has too.
    device: TestAccount,
}

const SUBJECT: &str = "subject-of-ann";

struct TestIdentityVerifier;

#[async_trait]
impl IdentityVerifier for TestIdentityVerifier {
    async fn verify(&self, token: &str) -> Option<ExternalIdentity> {
        (token == SUBJECT).then(|| ExternalIdentity {
            issuer: "https://provider.example".to_owned(),
            subject: SUBJECT.to_owned(),
            issued: None,
        })
    }
}

impl Scene {
    /// Starts with an identity provider that creates no accounts.
    async fn with_provider() -> Self {
        let params = IssuingParams::new(Mode::Standard, Vec::new(), Vec::new());
        let options = TestIssuerOptions::default();
        let issuer = TestIssuer::start_with_parts(options, params, |parts| {
            parts.accounts.login.identities = Some(Arc::new(TestIdentityVerifier));
        });
        Self::of(issuer.await).await
    }

    /// Creates device 2, with a password, a session and an identity.
    async fn device_two(&self) -> DeviceTraces {
        let id = DeviceId::new(2).unwrap();
        let issuer = &self.issuer;
        let mut rng = issuer.entropy().rng();
        let password = DevicePassword::random(&mut *rng);
        LogGuard::global().watch_text("device password", password.as_str());
        let keys = issuer.database.storage_keys();
        let hash = keys.password_hash(&self.aci, id, password.as_str());
        let name = DeviceName::parse("Two").unwrap();
        let row = Device::new(id, name, hash, issuer.clock.now());
        let identity = IdentityName {
            issuer: "https://provider.example".to_owned(),
            subject: SUBJECT.to_owned(),
        };
        let mut transaction = issuer.database.begin(NAME).await.unwrap();
        transaction
            .add_device(&self.aci, &row, &mut *rng)
            .await
            .unwrap();
        transaction
            .add_identity(&identity, &self.aci, id, &mut *rng)
            .await
            .unwrap();
        transaction.save().await.unwrap();
        DeviceTraces {
            tokens: self.log_in(Some(2)).await,
            device: TestAccount {
                aci: self.aci,
                pni: None,
                auth_salt: AuthSalt::from_bytes([0; 32]),
                device: id,
                password: password.as_str().to_owned(),
            },
        }
    }

    /// Returns the statuses of all credentials of device 2.
    async fn shown(&self, traces: &DeviceTraces) -> [u16; 3] {
        let session = self.call(&traces.tokens, "GET", WHOAMI, None).await;
        let device = get_as(&self.issuer, &traces.device, WHOAMI).await;
        let identity = bearer(&self.issuer, SUBJECT, "GET", WHOAMI, None).await;
        [session, device, identity].map(|answer| answer.status.as_u16())
    }
}

#[tokio::test]
async fn what_hangs_on_a_device_goes_with_it_tokens_and_sessions_end_at_once() {
    for purged in [false, true] {
        let scene = Scene::with_provider().await;
        let first = scene.log_in(None).await;
        let traces = scene.device_two().await;
        assert_eq!(scene.shown(&traces).await, [200; 3]);
        if purged {
            scene.issuer.clock.advance(90 * DAY + 1);
            assert_eq!(
                scene
                    .issuer
                    .issuer
                    .accounts()
                    .purge()
                    .await
                    .unwrap()
                    .devices,
                3
            );
        } else {
            let deleted = scene.call(&first, "DELETE", "/v1/devices/2", None).await;
            assert_eq!(deleted.status, 204);
        }
        assert_eq!(scene.shown(&traces).await, [401; 3], "purged: {purged}");
        assert_eq!(
            scene.refresh(&traces.tokens).await.code(),
            "LOGIN_SESSION_ENDED"
        );
        // A new device of the same number does not make the old tokens and the old password valid
        // again.
        let again = scene.log_in(Some(2)).await;
        assert_eq!(again.device, 2);
        assert_eq!(scene.shown(&traces).await, [401; 3], "purged: {purged}");
        assert_eq!(
            scene.refresh(&traces.tokens).await.code(),
            "LOGIN_SESSION_ENDED"
        );
        let listed = scene.listed(&again).await;
        let two = listed.iter().find(|device| device["id"] == 2).unwrap();
        assert_eq!(two["name"], "Device 2", "nor does it have the old name");
    }
}

#[tokio::test]
async fn remembered_authenticator_entries_go_with_the_device() {
    for purged in [false, true] {
        let scene = Scene::with_provider().await;
        let first = scene.log_in(None).await;
        let traces = scene.device_two().await;
        // All three credentials are in the cache from here on.
        assert_eq!(scene.shown(&traces).await, [200; 3]);
        if purged {
            scene.issuer.clock.advance(90 * DAY + 1);
            scene.issuer.issuer.accounts().purge().await.unwrap();
        } else {
            scene.call(&first, "DELETE", "/v1/devices/2", None).await;
        }
        scene.issuer.database.close().await;
        let shown = scene.shown(&traces).await;
        assert!(shown.iter().all(|status| *status != 200), "{shown:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_refresh_or_a_login_in_flight_does_not_outlive_the_deletion() {
    let scene = Scene::new().await;
    let mut first = scene.log_in(None).await;
    for round in 0..10 {
        let two = scene.log_in(Some(2)).await;
        let (refreshed, deleted) = tokio::join!(
            scene.refresh(&two),
            scene.call(&first, "DELETE", "/v1/devices/2", None),
        );
        assert_eq!(deleted.status, 204, "{round}");
        // Whether the refresh came first or was refused, its tokens are invalid.
        if refreshed.status == 200 {
            let two = Tokens::of(&refreshed);
            assert_eq!(scene.call(&two, "GET", WHOAMI, None).await.status, 401);
            assert_eq!(scene.refresh(&two).await.code(), "LOGIN_SESSION_ENDED");
        } else {
            assert_eq!(refreshed.code(), "LOGIN_SESSION_ENDED");
        }
        assert_eq!(scene.call(&two, "GET", WHOAMI, None).await.status, 401);
        assert_eq!(scene.listed(&first).await.len(), 1);
        scene.issuer.clock.advance(60);
        first = scene.log_in(Some(1)).await;
    }
}

#[tokio::test]
async fn unknown_device_device_not_found() {
    let scene = Scene::new().await;
    let tokens = scene.log_in(None).await;
    scene.log_in(Some(2)).await;
    scene.call(&tokens, "DELETE", "/v1/devices/2", None).await;
    let _ = events(&scene.issuer);
    for path in ["/v1/devices/2", "/v1/devices/9"] {
        for (method, body) in [("PATCH", Some(json!({ "name": "x" }))), ("DELETE", None)] {
            let answer = scene.call(&tokens, method, path, body).await;
            answer.assert_problem(404, "DEVICE_NOT_FOUND", "Device not found on this account");
        }
    }
    assert_eq!(events(&scene.issuer), [], "no illegal change of state");
}

#[tokio::test]
async fn the_first_sign_in_of_an_identity_provider_registers_its_device() {
    let params = IssuingParams::new(Mode::Standard, Vec::new(), Vec::new());
    let issuer = TestIssuer::start_with_parts(TestIssuerOptions::default(), params, |parts| {
        parts.accounts.login.identities = Some(Arc::new(TestIdentityVerifier));
        parts.accounts.login.settings.provision = true;
    })
    .await;
    for first in [true, false] {
        let answer = bearer(&issuer, SUBJECT, "GET", WHOAMI, None).await;
        let aci = Aci::parse(answer.json()["uuid"].as_str().unwrap()).unwrap();
        let user = issuer.pseudonymizer.account(&aci).to_string();
        let payload = json!({ "user_id": user, "device_id": 1 });
        let expected = first.then_some(("device.registered", payload));
        assert_eq!(events(&issuer), expected.into_iter().collect::<Vec<_>>());
    }
}

/// An administrator uses the member's name in every operation.
#[tokio::test]
async fn an_administrator_comes_by_no_device_session_or_token_of_a_member() {
    let scene = Scene::new().await;
    let issuer = &scene.issuer;
    let member = scene.log_in(None).await;
    let admin = &issuer.account;
    issuer.promote(&admin.aci).await;
    let id = scene.aci.to_uuid_string();
    let api = serde_json::to_value(openapi()).unwrap();
    let mut calls = 0;
    for (path, operations) in api["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            if method == "delete" {
                // This request gives nothing, and would end the sessions that are checked below.
                continue;
            }
            let path = path.replace("{id}", "1");
            let uri = format!("{path}?account={id}&user={id}&uuid={id}");
            let body = json!({ "name": "x", "account": id, "uuid": id, "email": EMAIL,
                               "createCallLinkCredentialRequest": "" });
            let request = signed(Request::builder(), admin)
                .method(method.to_uppercase().as_str())
                .uri(uri)
                .header("content-type", "application/json")
                .body(Body::from(body.to_string()));
            let answer = call(issuer, request.unwrap()).await;
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            assert!(!text.contains(&id), "{method} {path}");
            for secret in ["access_token", "refresh_token", "\"password\""] {
                let given = answer.status.is_success() && text.contains(secret);
                assert!(!given, "{method} {path}: {secret}");
            }
            calls += 1;
        }
    }
    assert!(calls > 10, "{calls}");
    assert_eq!(scene.listed(&member).await.len(), 1);
}
