//! Password resets.

use anteroom_testkit::{LogGuard, TestIssuer, TestIssuerOptions, TestLogin, TestLoginOptions};
use serde_json::json;

use crate::support::{Answer, Tokens, bearer, post};

const EMAIL: &str = "ann@example.com";
const PASSWORD: &str = "correct horse";
const NEW: &str = "fresh battery staple";

async fn ask(issuer: &TestIssuer, email: &str) -> Answer {
    post(issuer, "/auth/password-reset", &json!({ "email": email })).await
}

async fn confirm(issuer: &TestIssuer, token: &str, password: &str) -> Answer {
    LogGuard::global().watch_text("password", password);
    let body = json!({ "token": token, "password": password });
    post(issuer, "/auth/password-reset/confirm", &body).await
}

async fn log_in(issuer: &TestIssuer, password: &str) -> Answer {
    let body = json!({ "email": EMAIL, "password": password });
    post(issuer, "/auth/login", &body).await
}

#[tokio::test]
async fn password_reset_with_a_mail_afterwards_ends_all_sessions_and_every_lock() {
    let issuer = TestIssuer::start().await;
    issuer.add_login(TestLogin::new(EMAIL, PASSWORD)).await;
    let sessions = [
        Tokens::of(&log_in(&issuer, PASSWORD).await),
        Tokens::of(&log_in(&issuer, PASSWORD).await),
    ];
    for _ in 0..5 {
        log_in(&issuer, "another horse").await;
    }
    assert_eq!(log_in(&issuer, PASSWORD).await.status, 423);

    let _ = issuer.mails.take();
    assert_eq!(ask(&issuer, EMAIL).await.status, 202);
    let token = issuer.mails.take_token(EMAIL);
    // Until then all sessions continue.
    let whoami = "/v1/accounts/whoami";
    for session in &sessions {
        let answer = bearer(&issuer, &session.access, "GET", whoami, None).await;
        assert_eq!(answer.status, 200);
    }
    let answer = confirm(&issuer, &token, NEW).await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (204, 0));
    let mails = issuer.mails.take();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to.as_str(), EMAIL);
    assert_eq!(mails[0].subject, "Your password was changed");
    assert!(!mails[0].text.contains("://"), "no link to log in");
    for session in &sessions {
        let answer = bearer(&issuer, &session.access, "GET", whoami, None).await;
        assert_eq!(answer.status, 401);
        let body = json!({ "refresh_token": session.refresh });
        assert_eq!(post(&issuer, "/auth/refresh", &body).await.status, 401);
    }
    issuer.clock.advance(61);
    assert_eq!(log_in(&issuer, PASSWORD).await.status, 401);
    assert_eq!(log_in(&issuer, NEW).await.status, 200);
    let again = confirm(&issuer, &token, PASSWORD).await;
    again.assert_problem(
        400,
        "RESET_LINK_INVALID",
        "This link is not valid any more. Please ask for a new one.",
    );
}

#[tokio::test]
async fn the_answer_does_not_tell_known_addresses_and_only_they_get_mail() {
    let issuer = TestIssuer::start().await;
    let aci = issuer.add_login(TestLogin::new(EMAIL, PASSWORD)).await;
    let known = ask(&issuer, "ANN@example.com").await;
    assert_eq!(issuer.mails.take()[0].subject, "Choose a new password");
    let unknown = ask(&issuer, "bob@example.com").await;
    assert_eq!(issuer.mails.take().len(), 0);
    issuer.set_disabled(&aci, true).await;
    let disabled = ask(&issuer, EMAIL).await;
    assert_eq!(issuer.mails.take().len(), 0);
    for answer in [&known, &unknown, &disabled] {
        assert_eq!((answer.status.as_u16(), answer.body.len()), (202, 0));
        assert_eq!(
            answer.headers.keys().collect::<Vec<_>>(),
            known.headers.keys().collect::<Vec<_>>()
        );
    }
}

#[tokio::test]
async fn a_link_works_for_an_hour_and_the_newest_alone() {
    let issuer = TestIssuer::start().await;
    issuer.add_login(TestLogin::new(EMAIL, PASSWORD)).await;
    ask(&issuer, EMAIL).await;
    let first = issuer.mails.take_token(EMAIL);
    ask(&issuer, EMAIL).await;
    let second = issuer.mails.take_token(EMAIL);
    assert_eq!(confirm(&issuer, &first, NEW).await.status, 400);
    issuer.clock.advance(3_600);
    assert_eq!(confirm(&issuer, &second, NEW).await.status, 400);
    ask(&issuer, EMAIL).await;
    let third = issuer.mails.take_token(EMAIL);
    issuer.clock.advance(3_599);
    // An invalid password does not use the link up.
    let short = confirm(&issuer, &third, "short").await;
    assert_eq!(short.code(), "RESET_VALIDATION_ERROR");
    assert_eq!(confirm(&issuer, &third, NEW).await.status, 204);
}

#[tokio::test]
async fn a_reset_confirms_an_address_that_was_not() {
    let issuer = TestIssuer::start().await;
    issuer
        .add_login(TestLogin {
            verified: false,
            ..TestLogin::new(EMAIL, PASSWORD)
        })
        .await;
    ask(&issuer, EMAIL).await;
    let token = issuer.mails.take_token(EMAIL);
    assert_eq!(confirm(&issuer, &token, NEW).await.status, 204);
    assert_eq!(log_in(&issuer, NEW).await.status, 200);
}

#[tokio::test]
async fn a_client_asks_and_confirms_ten_times_a_minute() {
    let issuer = TestIssuer::start().await;
    for n in 0..10 {
        let answer = if n % 2 == 0 {
            ask(&issuer, EMAIL).await
        } else {
            confirm(&issuer, &"A".repeat(43), NEW).await
        };
        assert_ne!(answer.status, 429);
    }
    issuer.database.close().await;
    for answer in [
        ask(&issuer, EMAIL).await,
        confirm(&issuer, &"A".repeat(43), NEW).await,
    ] {
        answer.assert_problem(
            429,
            "RESET_RATE_LIMITED",
            "Too many password resets. Please wait a moment.",
        );
    }
}

#[tokio::test]
async fn an_address_gets_five_mails_in_an_hour() {
    let issuer = TestIssuer::start().await;
    issuer.add_login(TestLogin::new(EMAIL, PASSWORD)).await;
    for n in 0..7 {
        assert_eq!(ask(&issuer, EMAIL).await.status, 202);
        assert_eq!(issuer.mails.take().len(), usize::from(n < 5));
    }
}

#[tokio::test]
async fn what_is_out_of_bounds_is_refused_and_without_mail_nobody_asks() {
    let issuer = TestIssuer::start().await;
    for body in [
        json!({}),
        json!({ "email": "ann" }),
        json!({ "email": null }),
    ] {
        let answer = post(&issuer, "/auth/password-reset", &body).await;
        assert_eq!(answer.code(), "RESET_VALIDATION_ERROR");
    }
    let silent = TestIssuer::start_with(TestIssuerOptions {
        login: TestLoginOptions {
            mail: false,
            ..TestLoginOptions::default()
        },
        ..TestIssuerOptions::default()
    })
    .await;
    assert_eq!(ask(&silent, EMAIL).await.code(), "UNAVAILABLE");
    // The body is checked first, so that an answer that depends on the operator does not hide a
    // mistake of the caller.
    for body in [json!({}), json!({ "email": "ann" }), json!([])] {
        let answer = post(&silent, "/auth/password-reset", &body).await;
        assert_eq!(answer.code(), "RESET_VALIDATION_ERROR", "{body}");
    }
}
