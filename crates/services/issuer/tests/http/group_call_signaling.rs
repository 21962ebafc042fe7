//! The requirements of group-call signaling that no other test shows as a whole: sensitive fields,
//! access, limits, validity, and the order of checks.

use anteroom_issuer::IssuerLimits;
use anteroom_protocol::{
    AuthCredentialResponse, CreateCredentialRequestContext, CreateCredentialResponse, DAY,
    Randomness, RootKey,
};
use anteroom_runtime::{BucketSize, Clock as _, Entropy as _};
use anteroom_store::{DeviceId, IssuerDatabase as _, TransactionName};
use anteroom_testkit::{LogGuard, TestAccount, TestIssuer, TestIssuerOptions};
use axum::body::Body;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::Request;
use serde_json::{Value, json};

use crate::support::{Answer, bytes, call, events, get, get_as, signed};

const CREATE: &str = "/v1/call-link/create-auth";
const AUTH: &str = "/v1/call-link/auth";
const BATCH: &str = "/v1/certificate/auth/group";

/// A create request for a room, with the secrets of its client.
struct Create {
    root_key: RootKey,
    context: CreateCredentialRequestContext,
}

impl Create {
    fn new(issuer: &TestIssuer) -> Self {
        let root_key = RootKey::generate_v0(&mut *issuer.entropy().rng());
        let randomness = Randomness::random(&mut *issuer.entropy().rng());
        let context = CreateCredentialRequestContext::new(&root_key.room_id(), randomness);
        Self { root_key, context }
    }

    fn request(&self) -> Vec<u8> {
        self.context.request().to_bytes()
    }

    async fn send(&self, issuer: &TestIssuer, account: &TestAccount) -> Answer {
        let body = json!({ "createCallLinkCredentialRequest": STANDARD.encode(self.request()) });
        post(
            issuer,
            signed(Request::post(CREATE), account),
            body.to_string(),
        )
        .await
    }
}

async fn post(issuer: &TestIssuer, request: http::request::Builder, body: String) -> Answer {
    let request = request.header("content-type", "application/json");
    call(issuer, request.body(Body::from(body)).unwrap()).await
}

fn range(issuer: &TestIssuer, endpoint: &str, days: u64) -> String {
    let start = issuer.clock.now().start_of_day();
    let end = start.plus((days - 1) * DAY);
    format!(
        "{endpoint}?redemptionStartSeconds={}&redemptionEndSeconds={}",
        start.as_secs(),
        end.as_secs()
    )
}

async fn limited_to(requests: u32) -> TestIssuer {
    TestIssuer::start_with(TestIssuerOptions {
        limits: IssuerLimits {
            create_auth: BucketSize::new(requests.try_into().unwrap(), 900.try_into().unwrap()),
            ..IssuerLimits::default()
        },
        ..TestIssuerOptions::default()
    })
    .await
}

/// Asserts that no log line, no event and no file of the database holds a watched value.
async fn assert_nothing_kept(issuer: &TestIssuer, given: &[&[u8]]) {
    for event in issuer.events.take() {
        let line = event.to_line();
        for bytes in given {
            assert!(!line.contains(&STANDARD.encode(bytes)), "{line}");
            assert!(!line.contains(&hex::encode(bytes)), "{line}");
        }
    }
    LogGuard::global().assert_clean();
    issuer.database.close().await;
    LogGuard::global().assert_absent_from(issuer.directory());
}

#[tokio::test]
async fn create_call_link_credential_request_is_required_and_sensitive() {
    let issuer = TestIssuer::start().await;
    for body in [
        json!({}),
        json!({ "createCallLinkCredentialRequest": null }),
        json!({ "createCallLinkCredentialRequest": "" }),
    ] {
        let request = signed(Request::post(CREATE), &issuer.account);
        let answer = post(&issuer, request, body.to_string()).await;
        answer.assert_problem(
            400,
            "CALL_LINK_INVALID_REQUEST",
            "Invalid call-link credential request.",
        );
    }
    let create = Create::new(&issuer);
    LogGuard::global().watch_bytes("create request", &create.request());
    assert_eq!(create.send(&issuer, &issuer.account).await.status, 200);
    assert_nothing_kept(&issuer, &[&create.request()]).await;
}

#[tokio::test]
async fn call_link_credential_and_call_link_auth_credential_are_sensitive_and_one_per_day() {
    let issuer = TestIssuer::start().await;
    let created = Create::new(&issuer).send(&issuer, &issuer.account).await;
    let credential = bytes(&created.json()["credential"]);
    let batch = get_as(&issuer, &issuer.account, &range(&issuer, AUTH, 8)).await;
    let list = batch.json()["callLinkAuthCredentials"].clone();
    let today = issuer.clock.now().start_of_day();
    let mut given = vec![credential];
    for (entry, n) in list.as_array().unwrap().iter().zip(0..) {
        assert_eq!(entry["redemptionTime"], today.plus(n * DAY).as_secs());
        given.push(bytes(&entry["credential"]));
    }
    assert_eq!(given.len(), 1 + 8);
    for credential in &given {
        LogGuard::global().watch_bytes("credential", credential);
    }
    let given: Vec<&[u8]> = given.iter().map(Vec::as_slice).collect();
    assert_nothing_kept(&issuer, &given).await;
}

#[tokio::test]
async fn account_identifier_is_sensitive_and_a_keyed_pseudonym_in_events() {
    let issuer = TestIssuer::start().await;
    let aci = issuer.account.aci;
    LogGuard::global().watch_bytes("account identifier", aci.as_bytes());
    Create::new(&issuer).send(&issuer, &issuer.account).await;
    get_as(&issuer, &issuer.account, &range(&issuer, BATCH, 1)).await;
    let happened = events(&issuer);
    assert_eq!(happened.len(), 3);
    for (name, payload) in happened {
        let pseudonym = issuer.pseudonymizer.account(&aci).to_string();
        assert_eq!(payload["account_id"], pseudonym, "{name}");
        assert!(
            !payload.to_string().contains(&aci.to_uuid_string()),
            "{name}"
        );
    }
    assert_nothing_kept(&issuer, &[aci.as_bytes()]).await;
}

#[tokio::test]
async fn access_control_only_authenticated_accounts_with_a_valid_registered_device() {
    const NAME: TransactionName = TransactionName::new("delete device");
    let issuer = TestIssuer::start().await;
    let second = DeviceId::parse("2").unwrap();
    let deleted = issuer.add_device(&issuer.account, second).await;
    let mut transaction = issuer.database.begin(NAME).await.unwrap();
    assert!(
        transaction
            .delete_device(&deleted.aci, second, issuer.clock.now())
            .await
            .unwrap()
    );
    transaction.save().await.unwrap();
    let mut unregistered = issuer.add_account(true).await;
    unregistered.device = DeviceId::parse("7").unwrap();
    let mut wrong_password = issuer.add_account(true).await;
    wrong_password.password = unregistered.password.clone();
    let disabled = issuer.add_account(true).await;
    issuer.set_disabled(&disabled.aci, true).await;
    let cases = [
        ("deleted device", &deleted),
        ("unregistered device", &unregistered),
        ("wrong password", &wrong_password),
        ("disabled account", &disabled),
    ];
    for (case, account) in cases {
        let created = Create::new(&issuer).send(&issuer, account).await;
        assert_eq!(created.code(), "CALL_LINK_UNAUTHORIZED", "{case}");
        let batch = get_as(&issuer, account, &range(&issuer, AUTH, 1)).await;
        assert_eq!(batch.code(), "CALL_LINK_UNAUTHORIZED", "{case}");
        let batch = get_as(&issuer, account, &range(&issuer, BATCH, 1)).await;
        assert_eq!(batch.code(), "GROUP_CRED_UNAUTHORIZED", "{case}");
    }
    let nobody = get(&issuer, &range(&issuer, AUTH, 1)).await;
    assert_eq!(nobody.code(), "CALL_LINK_UNAUTHORIZED");
    assert_eq!(events(&issuer), []);
    let valid = Create::new(&issuer).send(&issuer, &issuer.account).await;
    assert_eq!(valid.status, 200);
}

#[tokio::test]
async fn rate_limiting_is_per_account_on_the_create_credential_endpoint() {
    let issuer = limited_to(1).await;
    let other = issuer.add_account(true).await;
    let second = DeviceId::parse("2").unwrap();
    let second = issuer.add_device(&issuer.account, second).await;
    for (account, status) in [
        (&issuer.account, 200),
        (&issuer.account, 429),
        (&second, 429),
        (&other, 200),
        (&other, 429),
    ] {
        let answer = Create::new(&issuer).send(&issuer, account).await;
        assert_eq!(answer.status, status);
    }
    // Batches do not count in this limit.
    let batch = get_as(&issuer, &issuer.account, &range(&issuer, AUTH, 1)).await;
    assert_eq!(batch.status, 200);
}

#[tokio::test]
async fn server_blind_the_issuer_learns_the_account_only_never_the_room_id() {
    let issuer = TestIssuer::start().await;
    let create = Create::new(&issuer);
    let room = create.root_key.room_id();
    LogGuard::global().watch_bytes("room id", room.as_bytes());
    let request = create.request();
    let half = &room.as_bytes()[..16];
    assert!(!request.windows(half.len()).any(|window| window == half));
    // Two requests for one room have no more in common than those for two rooms.
    let again = CreateCredentialRequestContext::new(
        &room,
        Randomness::random(&mut *issuer.entropy().rng()),
    );
    let again = again.request().to_bytes();
    assert!(
        !request
            .chunks(16)
            .skip(1)
            .any(|chunk| { chunk.len() == 16 && again.windows(16).any(|window| window == chunk) })
    );
    assert_eq!(create.send(&issuer, &issuer.account).await.status, 200);
    assert_nothing_kept(&issuer, &[room.as_bytes()]).await;
}

#[tokio::test]
async fn credential_validity_is_one_utc_day_and_requests_of_one_day_give_equivalent_credentials() {
    let issuer = TestIssuer::start().await;
    let params = issuer.generic_params.clone().unwrap();
    let aci = issuer.account.aci;
    let today = issuer.clock.now().start_of_day();
    for now in [today, today.plus(12 * 3_600), today.plus(DAY - 1)] {
        issuer.clock.set(now);
        let create = Create::new(&issuer);
        let answer = create.send(&issuer, &issuer.account).await.json();
        assert_eq!(answer["redemptionTime"], today.as_secs());
        let response = CreateCredentialResponse::from_bytes(&bytes(&answer["credential"]));
        let credential = create.context.receive(&response.unwrap(), &aci, &params);
        assert_eq!(credential.unwrap().timestamp(), today, "{now:?}");

        let answer = get_as(&issuer, &issuer.account, &range(&issuer, AUTH, 1)).await;
        let entry = answer.json()["callLinkAuthCredentials"][0].clone();
        assert_eq!(entry["redemptionTime"], today.as_secs());
        let response = AuthCredentialResponse::from_bytes(&bytes(&entry["credential"])).unwrap();
        assert!(response.receive(&aci, today, &params).is_ok(), "{now:?}");
        let tomorrow = today.plus(DAY);
        assert!(
            response.receive(&aci, tomorrow, &params).is_err(),
            "{now:?}"
        );
    }
}

#[tokio::test]
async fn outcomes_are_decided_in_priority_order_authentication_limit_request() {
    let issuer = limited_to(1).await;
    assert_eq!(
        Create::new(&issuer)
            .send(&issuer, &issuer.account)
            .await
            .status,
        200
    );
    let malformed = || "{".to_owned();
    // Every part is wrong: authentication is checked first, because the limit is per account.
    let answer = post(&issuer, Request::post(CREATE), malformed()).await;
    assert_eq!(answer.code(), "CALL_LINK_UNAUTHORIZED");
    // A limited caller with a malformed body.
    let limited = signed(Request::post(CREATE), &issuer.account);
    let answer = post(&issuer, limited, malformed()).await;
    assert_eq!(answer.code(), "CALL_LINK_RATE_LIMITED");
    // The body is checked last.
    let other = issuer.add_account(true).await;
    let answer = post(&issuer, signed(Request::post(CREATE), &other), malformed()).await;
    assert_eq!(answer.code(), "CALL_LINK_INVALID_REQUEST");
}

#[tokio::test]
async fn call_link_errors_have_their_status_message_and_retry() {
    for (code, status, message, retries) in [
        (
            "CALL_LINK_RATE_LIMITED",
            429,
            "Too many call-link credential requests. Please wait before trying again.",
            true,
        ),
        (
            "CALL_LINK_UNAUTHORIZED",
            401,
            "Authentication required to create call links.",
            false,
        ),
        (
            "CALL_LINK_INVALID_REQUEST",
            400,
            "Invalid call-link credential request.",
            false,
        ),
    ] {
        let issuer = limited_to(1).await;
        let answer = match code {
            "CALL_LINK_RATE_LIMITED" => {
                Create::new(&issuer).send(&issuer, &issuer.account).await;
                Create::new(&issuer).send(&issuer, &issuer.account).await
            }
            "CALL_LINK_UNAUTHORIZED" => post(&issuer, Request::post(CREATE), String::new()).await,
            _ => {
                let request = signed(Request::post(CREATE), &issuer.account);
                post(&issuer, request, String::new()).await
            }
        };
        answer.assert_problem(status, code, message);
        assert_eq!(answer.header("retry-after").is_some(), retries, "{code}");
    }
}

#[tokio::test]
async fn auth_batch_issued_is_one_credential_per_day_of_a_range_within_7_days_with_its_event() {
    let issuer = TestIssuer::start().await;
    let today = issuer.clock.now().start_of_day().as_secs();
    let account = issuer
        .pseudonymizer
        .account(&issuer.account.aci)
        .to_string();
    for (days, status) in [(1, 200), (2, 200), (8, 200), (9, 400)] {
        let answer = get_as(&issuer, &issuer.account, &range(&issuer, AUTH, days)).await;
        assert_eq!(answer.status, status, "{days}");
        let happened = events(&issuer);
        if status != 200 {
            assert_eq!(happened, []);
            continue;
        }
        let list = answer.json()["callLinkAuthCredentials"].clone();
        assert_eq!(
            list.as_array().unwrap().len(),
            usize::try_from(days).unwrap()
        );
        let payload = json!({
            "account_id": account,
            "redemption_start": today,
            "redemption_end": today + (days - 1) * DAY,
        });
        assert_eq!(happened, [("call_link.auth_batch_issued", payload)]);
    }
}

#[tokio::test]
async fn error_messages_never_show_internal_details() {
    let issuer = limited_to(1).await;
    let unseen = issuer.add_account(true).await;
    let secret = "createCallLinkCredentialRequest-of-a-guest";
    let body = json!({ "createCallLinkCredentialRequest": secret }).to_string();
    let request = signed(Request::post(CREATE), &issuer.account);
    let invalid = post(&issuer, request, body.clone()).await;
    let request = signed(Request::post(CREATE), &issuer.account);
    let limited = post(&issuer, request, body.clone()).await;
    let nobody = post(&issuer, Request::post(CREATE), body).await;
    issuer.database.close().await;
    let gone = get_as(&issuer, &unseen, &range(&issuer, BATCH, 1)).await;
    for (answer, status) in [(invalid, 400), (limited, 429), (nobody, 401), (gone, 503)] {
        assert_eq!(answer.status, status);
        let Value::Object(members) = answer.json() else {
            unreachable!("a problem is an object")
        };
        let mut names: Vec<&str> = members.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["code", "detail", "status", "title", "type"]);
        let text = String::from_utf8(answer.body).unwrap().to_lowercase();
        for internal in [secret, "sql", "database", "panic", ".rs", "argon", "key"] {
            assert!(!text.contains(internal), "{text}");
        }
    }
}
