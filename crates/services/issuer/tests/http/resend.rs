//! The repeated mail of a sign-up.

use anteroom_accounts::SignUp;
use anteroom_protocol::DAY;
use anteroom_testkit::{LogGuard, TestIssuer, TestIssuerOptions, TestLogin, TestLoginOptions};
use serde_json::json;

use crate::support::{Answer, Tokens, post};

const EMAIL: &str = "ann@example.com";
const PASSWORD: &str = "correct horse";
const NEW: &str = "fresh battery staple";

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

async fn sign_up(issuer: &TestIssuer, password: &str) -> String {
    LogGuard::global().watch_text("password", password);
    let body = json!({ "email": EMAIL, "password": password });
    assert_eq!(post(issuer, "/auth/signup", &body).await.status, 202);
    issuer.mails.take_token(EMAIL)
}

async fn resend(issuer: &TestIssuer, email: &str) -> Answer {
    let body = json!({ "email": email });
    post(issuer, "/auth/verify-email/resend", &body).await
}

async fn verify(issuer: &TestIssuer, token: &str) -> u16 {
    let answer = post(issuer, "/auth/verify-email", &json!({ "token": token })).await;
    answer.status.as_u16()
}

async fn log_in(issuer: &TestIssuer, password: &str) -> Answer {
    let body = json!({ "email": EMAIL, "password": password });
    post(issuer, "/auth/login", &body).await
}

#[tokio::test]
async fn email_verification_and_its_resend_confirm_the_same_password() {
    let issuer = start(true).await;
    let first = sign_up(&issuer, PASSWORD).await;
    for _ in 0..2 {
        let answer = resend(&issuer, " ANN@example.com ").await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (202, 0));
        let token = issuer.mails.take_token(EMAIL);
        assert_ne!(token, first);
        if resend(&issuer, EMAIL).await.status == 202 {
            // Only the newest link works.
            let newest = issuer.mails.take_token(EMAIL);
            assert_eq!(verify(&issuer, &token).await, 400);
            assert_eq!(verify(&issuer, &first).await, 400);
            assert_eq!(verify(&issuer, &newest).await, 204);
            break;
        }
    }
    Tokens::of(&log_in(&issuer, PASSWORD).await);
}

#[tokio::test]
async fn resend_has_the_same_secrecy_202_always() {
    let issuer = start(true).await;
    sign_up(&issuer, PASSWORD).await;
    issuer
        .add_login(TestLogin::new("bob@example.com", PASSWORD))
        .await;
    let disabled = TestLogin {
        verified: false,
        ..TestLogin::new("cat@example.com", PASSWORD)
    };
    let aci = issuer.add_login(disabled).await;
    issuer.set_disabled(&aci, true).await;
    let mut answers = Vec::new();
    for (email, mails) in [
        (EMAIL, 1),
        ("bob@example.com", 0),
        ("cat@example.com", 0),
        ("nobody@example.com", 0),
    ] {
        let answer = resend(&issuer, email).await;
        assert_eq!(issuer.mails.take().len(), mails, "{email}");
        let mut headers = answer.headers.clone();
        headers.remove("x-request-id");
        answers.push((answer.status.as_u16(), headers, answer.body));
    }
    assert_eq!(answers[0].0, 202);
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}

#[tokio::test]
async fn where_several_sign_ups_wait_or_none_the_owner_chooses_the_password() {
    for is_over in [false, true] {
        let issuer = start(true).await;
        sign_up(&issuer, PASSWORD).await;
        if is_over {
            issuer.clock.advance(DAY);
        } else {
            sign_up(&issuer, "horse of a stranger").await;
        }
        assert_eq!(resend(&issuer, EMAIL).await.status, 202);
        let token = issuer.mails.take_token(EMAIL);
        assert_eq!(verify(&issuer, &token).await, 400);
        let body = json!({ "token": token, "password": NEW });
        let answer = post(&issuer, "/auth/password-reset/confirm", &body).await;
        assert_eq!(answer.status, 204);
        for password in [PASSWORD, "horse of a stranger"] {
            assert_eq!(log_in(&issuer, password).await.status, 401);
        }
        Tokens::of(&log_in(&issuer, NEW).await);
    }
}

#[tokio::test]
async fn an_address_gets_five_such_mails_in_an_hour_and_a_client_asks_ten_times_a_minute() {
    let issuer = start(true).await;
    sign_up(&issuer, PASSWORD).await;
    for n in 0..10 {
        assert_eq!(resend(&issuer, EMAIL).await.status, 202);
        assert_eq!(issuer.mails.take().len(), usize::from(n < 5), "{n}");
    }
    resend(&issuer, EMAIL).await.assert_problem(
        429,
        "VERIFY_RATE_LIMITED",
        "Too many verification attempts. Please wait a moment.",
    );
}

#[tokio::test]
async fn input_out_of_bounds_is_422_and_without_mail_nobody_asks() {
    let issuer = start(false).await;
    for body in [json!({}), json!({ "email": 1 }), json!({ "email": "ann" })] {
        let answer = post(&issuer, "/auth/verify-email/resend", &body).await;
        answer.assert_problem(
            422,
            "VERIFY_VALIDATION_ERROR",
            "Please check your input and try again",
        );
    }
    assert_eq!(resend(&issuer, EMAIL).await.code(), "UNAVAILABLE");
}
