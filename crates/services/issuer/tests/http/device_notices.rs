//! The mail about every new device.

use anteroom_accounts::SignUp;
use anteroom_protocol::DAY;
use anteroom_testkit::{LogGuard, TestIssuer, TestIssuerOptions, TestLogin, TestLoginOptions};
use serde_json::{Value, json};

use crate::support::{Tokens, bearer, post};

const EMAIL: &str = "ann@example.com";
const PASSWORD: &str = "correct horse";
const SUBJECT: &str = "A new device of your account";

async fn start(mail: bool) -> TestIssuer {
    TestIssuer::start_with(TestIssuerOptions {
        login: TestLoginOptions {
            sign_up: SignUp::Open,
            mail,
            ..TestLoginOptions::default()
        },
        ..TestIssuerOptions::default()
    })
    .await
}

async fn log_in(issuer: &TestIssuer, more: &Value) -> Tokens {
    let mut body = json!({ "email": EMAIL, "password": PASSWORD });
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    Tokens::of(&post(issuer, "/auth/login", &body).await)
}

#[tokio::test]
async fn a_mail_tells_the_owner_of_every_new_device_but_the_first_of_a_sign_up() {
    let issuer = start(true).await;
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    LogGuard::global().watch_text("email", EMAIL);
    LogGuard::global().watch_text("password", PASSWORD);
    post(&issuer, "/auth/signup", &body).await;
    let token = issuer.mails.take_token(EMAIL);
    post(&issuer, "/auth/verify-email", &json!({ "token": token })).await;
    log_in(&issuer, &json!({ "deviceId": 1 })).await;
    assert_eq!(issuer.mails.take().len(), 0, "the first device");
    let tokens = log_in(&issuer, &json!({ "deviceId": 2, "deviceName": "Kitchen" })).await;
    let mails = issuer.mails.take();
    assert_eq!(mails.len(), 1);
    assert_eq!((mails[0].to.as_str(), mails[0].subject), (EMAIL, SUBJECT));
    assert!(mails[0].text.contains("named \u{201c}Kitchen\u{201d}"));
    assert!(mails[0].text.contains("UTC"));
    log_in(&issuer, &json!({ "deviceId": 2 })).await;
    assert_eq!(issuer.mails.take().len(), 0, "a known device");
    let body = json!({ "name": "http://evil.example" });
    let answer = bearer(&issuer, &tokens.access, "POST", "/v1/devices", Some(&body)).await;
    LogGuard::global().watch_text(
        "device password",
        answer.json()["password"].as_str().unwrap(),
    );
    let mails = issuer.mails.take();
    assert_eq!(mails[0].subject, SUBJECT);
    assert!(!mails[0].text.contains("evil"), "no link of a thief's");
}

#[tokio::test]
async fn a_device_of_an_account_whose_devices_were_all_purged_is_told_too() {
    let issuer = start(true).await;
    issuer.add_login(TestLogin::new(EMAIL, PASSWORD)).await;
    issuer.clock.advance(2 * DAY);
    log_in(&issuer, &json!({})).await;
    assert_eq!(issuer.mails.take()[0].subject, SUBJECT);
}

#[tokio::test]
async fn such_mails_are_limited_and_without_mail_nothing_is_missed() {
    let issuer = start(true).await;
    issuer.add_login(TestLogin::new(EMAIL, PASSWORD)).await;
    for n in 1..=8 {
        log_in(&issuer, &json!({ "deviceId": n })).await;
        assert_eq!(
            issuer.mails.take().len(),
            usize::from((2..=6).contains(&n)),
            "{n}"
        );
    }
    let silent = start(false).await;
    silent.add_login(TestLogin::new(EMAIL, PASSWORD)).await;
    for n in 1..=2 {
        log_in(&silent, &json!({ "deviceId": n })).await;
    }
    assert_eq!(silent.mails.take().len(), 0);
}
