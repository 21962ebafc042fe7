//! The credentials that are accepted, and the one answer to all others.

use anteroom_protocol::DAY;
use anteroom_runtime::Clock as _;
use anteroom_store::{DeviceId, IssuerDatabase as _, TransactionName};
use anteroom_testkit::{TestAccount, TestIssuer};
use axum::body::Body;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderValue, Request};
use serde_json::json;

use crate::support::{Answer, call, get_as};

const WHOAMI: &str = "/v1/accounts/whoami";

async fn whoami(issuer: &TestIssuer, authorization: &[&str]) -> Answer {
    let mut request = Request::get(WHOAMI);
    for value in authorization {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        request = request.header("authorization", value);
    }
    call(issuer, request.body(Body::empty()).unwrap()).await
}

fn basic(text: &str) -> String {
    format!("Basic {}", STANDARD.encode(text))
}

#[tokio::test]
async fn an_account_sees_itself_and_its_device() {
    let issuer = TestIssuer::start().await;
    let second = DeviceId::parse("2").unwrap();
    let second = issuer.add_device(&issuer.account, second).await;
    for (account, device) in [(&issuer.account, 1), (&second, 2)] {
        let answer = get_as(&issuer, account, WHOAMI).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(
            answer.json(),
            json!({
                "uuid": account.aci.to_uuid_string(),
                "pni": account.pni.unwrap().to_uuid_string(),
                "deviceId": device,
            })
        );
    }
    let account = issuer.add_account(false).await;
    assert_eq!(
        get_as(&issuer, &account, WHOAMI).await.json(),
        json!({
            "uuid": account.aci.to_uuid_string(),
            "pni": null,
            "deviceId": 1,
            "authCredentialSalt": STANDARD.encode(account.auth_salt.as_bytes()),
        })
    );
}

#[tokio::test]
async fn the_ways_to_write_good_credentials_are_all_taken() {
    let issuer = TestIssuer::start().await;
    let TestAccount { aci, password, .. } = &issuer.account;
    let uuid = aci.to_uuid_string();
    let full = basic(&format!("{uuid}.1:{password}"));
    for authorization in [
        full.clone(),
        basic(&format!("{uuid}:{password}")),
        basic(&format!("{}:{password}", uuid.to_uppercase())),
        full.replace("Basic", "basic"),
        full.replace("Basic", "BASIC"),
        full.replace("Basic ", "Basic   "),
    ] {
        let answer = whoami(&issuer, &[&authorization]).await;
        assert_eq!(answer.status, 200, "{}", answer.body.len());
    }
}

#[tokio::test]
async fn everything_else_gets_one_and_the_same_401() {
    let issuer = TestIssuer::start().await;
    let other = issuer.add_account(true).await;
    let second = DeviceId::parse("2").unwrap();
    let second = issuer.add_device(&issuer.account, second).await;
    let TestAccount { aci, password, .. } = &issuer.account;
    let uuid = aci.to_uuid_string();
    let good = basic(&format!("{uuid}.1:{password}"));
    let token = good.strip_prefix("Basic ").unwrap();
    let stranger = anteroom_protocol::Aci::from_bytes([7; 16]).to_uuid_string();
    let nobody = anteroom_protocol::Aci::from_bytes([0; 16]).to_uuid_string();
    let wrong: Vec<Vec<String>> = vec![
        vec![],
        vec![String::new()],
        vec!["Basic".to_owned()],
        vec!["Basic ".to_owned()],
        vec![token.to_owned()],
        vec![format!("Basic{token}")],
        vec![format!("Basic {token}=")],
        vec![format!("Basic {token}AAAA")],
        vec!["Basic !!!!".to_owned()],
        vec!["Basic \u{e9}".to_owned()],
        vec![format!("Basic {}", STANDARD.encode([0xff, b':', 0xff]))],
        vec![good.clone(), good.clone()],
        vec![good.clone(), "Basic x".to_owned()],
        vec![format!("Bearer {token}")],
        vec!["Bearer eyJhbGciOiJub25lIn0.e30.".to_owned()],
        vec![format!("Digest {token}")],
        vec![basic(&format!("{uuid}.1"))],
        vec![basic(&format!("{uuid}.1:"))],
        vec![basic(":")],
        vec![basic(&format!(":{password}"))],
        vec![basic(&format!("{uuid}.1:{password} "))],
        vec![basic(&format!("{uuid}.1:x{password}"))],
        vec![basic(&format!("{uuid}.1:{}", password.to_uppercase()))],
        vec![basic(&format!("{uuid}.1:{}", other.password))],
        vec![basic(&format!("{uuid}.1:{}", second.password))],
        vec![basic(&format!("{uuid}.2:{password}"))],
        vec![basic(&format!("{uuid}.3:{password}"))],
        vec![basic(&format!("{uuid}.0:{password}"))],
        vec![basic(&format!("{uuid}.-1:{password}"))],
        vec![basic(&format!("{uuid}.+1:{password}"))],
        vec![basic(&format!("{uuid}.01:{password}"))],
        vec![basic(&format!("{uuid}.:{password}"))],
        vec![basic(&format!("{uuid}.1.1:{password}"))],
        vec![basic(&format!("{uuid}.99999999999:{password}"))],
        vec![basic(&format!("{}:{password}", uuid.replace('-', "")))],
        vec![basic(&format!("{{{uuid}}}:{password}"))],
        vec![basic(&format!("PNI:{uuid}:{password}"))],
        vec![basic(&format!("{stranger}.1:{password}"))],
        vec![basic(&format!("{nobody}.1:"))],
        vec![basic(&"x".repeat(8_000))],
    ];
    for authorization in &wrong {
        let authorization: Vec<&str> = authorization.iter().map(String::as_str).collect();
        let answer = whoami(&issuer, &authorization).await;
        answer.assert_problem(401, "UNAUTHORIZED", "Authentication required.");
        assert_eq!(
            answer.header("www-authenticate"),
            Some("Basic realm=\"anteroom\", charset=\"UTF-8\", Bearer realm=\"anteroom\"")
        );
    }
}

#[tokio::test]
async fn a_devices_last_use_is_written_every_five_minutes() {
    let issuer = TestIssuer::start().await;
    let start = issuer.clock.now();
    for (now, expected) in [
        (start, start),
        (start.plus(299), start),
        (start.plus(300), start.plus(300)),
        (start.plus(599), start.plus(300)),
        (start.plus(DAY), start.plus(DAY)),
    ] {
        issuer.clock.set(now);
        assert_eq!(get_as(&issuer, &issuer.account, WHOAMI).await.status, 200);
        issuer.issuer.accounts().device_uses_written().await;
        let mut reader = issuer
            .database
            .read(TransactionName::new("test"))
            .await
            .unwrap();
        let TestAccount { aci, device, .. } = &issuer.account;
        let device = reader.device(aci, *device).await.unwrap().unwrap();
        assert_eq!(device.last_seen, expected);
    }
}
