//! Sign-ups and the confirmation of the address.

use anteroom_accounts::SignUp;
use anteroom_protocol::DAY;
use anteroom_testkit::{LogGuard, TestIssuer, TestIssuerOptions, TestLogin, TestLoginOptions};
use serde_json::{Value, json};

use crate::support::{Answer, Tokens, events, post, post_from};

const EMAIL: &str = "ann@example.com";
const PASSWORD: &str = "correct horse";

async fn start(sign_up: SignUp) -> TestIssuer {
    TestIssuer::start_with(TestIssuerOptions {
        login: TestLoginOptions {
            sign_up,
            ..TestLoginOptions::default()
        },
        ..TestIssuerOptions::default()
    })
    .await
}

async fn sign_up(issuer: &TestIssuer, email: &str, password: &str) -> Answer {
    LogGuard::global().watch_text("email", email);
    LogGuard::global().watch_text("password", password);
    let body = json!({ "email": email, "password": password });
    post(issuer, "/auth/signup", &body).await
}

async fn verify(issuer: &TestIssuer, token: &str) -> Answer {
    post(issuer, "/auth/verify-email", &json!({ "token": token })).await
}

async fn log_in(issuer: &TestIssuer, password: &str) -> Answer {
    let body = json!({ "email": EMAIL, "password": password });
    post(issuer, "/auth/login", &body).await
}

#[track_caller]
fn assert_link_invalid(answer: &Answer) {
    answer.assert_problem(
        400,
        "VERIFY_LINK_INVALID",
        "This link is not valid any more. Please ask for a new one.",
    );
}

#[tokio::test]
async fn sign_up_and_email_verification_let_the_owner_log_in() {
    let issuer = start(SignUp::Open).await;
    let answer = sign_up(&issuer, " Ann@Example.com ", PASSWORD).await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (202, 0));
    assert_eq!(
        log_in(&issuer, PASSWORD).await.code(),
        "LOGIN_EMAIL_NOT_VERIFIED"
    );
    let token = issuer.mails.take_token(EMAIL);
    assert_eq!(verify(&issuer, &token).await.status, 204);
    Tokens::of(&log_in(&issuer, PASSWORD).await);
    // A repeated confirmation succeeds until the link would have ended.
    assert_eq!(verify(&issuer, &token).await.status, 204);
    issuer.clock.advance(DAY);
    assert_link_invalid(&verify(&issuer, &token).await);
}

#[tokio::test]
async fn the_answer_does_not_tell_known_addresses_and_the_mail_does() {
    let issuer = start(SignUp::Open).await;
    issuer.add_login(TestLogin::new(EMAIL, PASSWORD)).await;
    let known = sign_up(&issuer, EMAIL, "another horse").await;
    let mails = issuer.mails.take();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].subject, "You have an account already");
    assert!(!mails[0].text.contains("token"));
    let unknown = sign_up(&issuer, "bob@example.com", "another horse").await;
    assert_eq!(issuer.mails.take()[0].subject, "Confirm your email address");
    for answer in [&known, &unknown] {
        assert_eq!((answer.status.as_u16(), answer.body.len()), (202, 0));
    }
    assert_eq!(
        known.headers.keys().collect::<Vec<_>>(),
        unknown.headers.keys().collect::<Vec<_>>()
    );
    // Only the answer to a login with the other password has changed.
    let told = log_in(&issuer, "another horse").await;
    assert_eq!(told.code(), "LOGIN_EMAIL_NOT_VERIFIED");
    assert_eq!(log_in(&issuer, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn each_mail_confirms_the_password_of_its_own_sign_up() {
    const STRANGE: &str = "horse of a stranger";
    // Whether the owner's sign-up comes first, and which mail is opened.
    for (is_first, opened) in [(true, 0), (true, 1), (false, 0), (false, 1)] {
        let issuer = start(SignUp::Open).await;
        let passwords = if is_first {
            [PASSWORD, STRANGE]
        } else {
            [STRANGE, PASSWORD]
        };
        let mut tokens = Vec::new();
        for password in passwords {
            sign_up(&issuer, EMAIL, password).await;
            tokens.push(issuer.mails.take_token(EMAIL));
            // No login succeeds. The last sign-up is told the reason.
            let answer = log_in(&issuer, password).await;
            assert_eq!(answer.code(), "LOGIN_EMAIL_NOT_VERIFIED");
        }
        assert_eq!(verify(&issuer, &tokens[opened]).await.status, 204);
        Tokens::of(&log_in(&issuer, passwords[opened]).await);
        assert_eq!(log_in(&issuer, passwords[1 - opened]).await.status, 401);
        // The other mail is opened too late, and changes nothing.
        assert_link_invalid(&verify(&issuer, &tokens[1 - opened]).await);
        assert_eq!(verify(&issuer, &tokens[opened]).await.status, 204);
        Tokens::of(&log_in(&issuer, passwords[opened]).await);
    }
}

#[tokio::test]
async fn a_mail_says_that_it_is_not_the_first() {
    let issuer = start(SignUp::Open).await;
    for is_first in [true, false, false] {
        sign_up(&issuer, EMAIL, PASSWORD).await;
        let mails = issuer.mails.take();
        assert_eq!(mails.len(), 1);
        let warns = mails[0].text.contains("not the first sign-up");
        assert_eq!(warns, !is_first, "{}", mails[0].text);
    }
}

#[tokio::test]
async fn a_sign_up_that_waits_does_not_outlive_a_password_reset() {
    let issuer = start(SignUp::Open).await;
    sign_up(&issuer, EMAIL, "horse of a stranger").await;
    let stale = issuer.mails.take_token(EMAIL);
    post(&issuer, "/auth/password-reset", &json!({ "email": EMAIL })).await;
    let token = issuer.mails.take_token(EMAIL);
    let reset = json!({ "token": token, "password": PASSWORD });
    let answer = post(&issuer, "/auth/password-reset/confirm", &reset).await;
    assert_eq!(answer.status, 204);
    assert_link_invalid(&verify(&issuer, &stale).await);
    assert_eq!(log_in(&issuer, "horse of a stranger").await.status, 401);
    Tokens::of(&log_in(&issuer, PASSWORD).await);
}

#[tokio::test]
async fn a_link_works_for_a_day_and_for_its_purpose() {
    let issuer = start(SignUp::Open).await;
    for (after, status) in [(DAY - 1, 204), (DAY, 400)] {
        let email = format!("user{after}@example.com");
        sign_up(&issuer, &email, PASSWORD).await;
        let token = issuer.mails.take_token(&email);
        issuer.clock.advance(after);
        assert_eq!(verify(&issuer, &token).await.status, status);
    }
    issuer.add_login(TestLogin::new(EMAIL, PASSWORD)).await;
    post(&issuer, "/auth/password-reset", &json!({ "email": EMAIL })).await;
    let token = issuer.mails.take_token(EMAIL);
    assert_link_invalid(&verify(&issuer, &token).await);
    for wrong in ["", "x", &"A".repeat(43), &"\u{1f511}".repeat(43)] {
        assert_link_invalid(&verify(&issuer, wrong).await);
    }
    for body in [json!({}), json!({ "token": 1 }), json!(null)] {
        let answer = post(&issuer, "/auth/verify-email", &body).await;
        assert_eq!(answer.code(), "VERIFY_VALIDATION_ERROR");
    }
}

#[tokio::test]
async fn by_invitation_every_code_works_once() {
    let issuer = start(SignUp::Invite).await;
    issuer.add_login(TestLogin::new(EMAIL, PASSWORD)).await;
    let code = issuer.add_invite().await;
    let try_code = async |email: &str, code: Value| {
        let body = json!({ "email": email, "password": PASSWORD, "inviteCode": code });
        post(&issuer, "/auth/signup", &body).await
    };
    for wrong in [json!(null), json!(""), json!("x"), json!("A".repeat(43))] {
        try_code("bob@example.com", wrong).await.assert_problem(
            403,
            "SIGNUP_INVITE_INVALID",
            "This invite code is not valid. Please ask for a new one.",
        );
    }
    assert_eq!(issuer.mails.take().len(), 0);
    assert_eq!(try_code("bob@example.com", json!(code)).await.status, 202);
    assert_eq!(issuer.mails.take().len(), 1);
    let again = try_code("cat@example.com", json!(code)).await;
    assert_eq!(again.code(), "SIGNUP_INVITE_INVALID");

    // A known address uses its code up too, so that a code does not show which addresses are known.
    let code = issuer.add_invite().await;
    assert_eq!(try_code(EMAIL, json!(code)).await.status, 202);
    issuer.clock.advance(61);
    let again = try_code("cat@example.com", json!(code)).await;
    assert_eq!(again.code(), "SIGNUP_INVITE_INVALID");

    let code = issuer.add_invite().await;
    issuer.clock.advance(7 * DAY);
    let late = try_code("cat@example.com", json!(code)).await;
    assert_eq!(late.code(), "SIGNUP_INVITE_INVALID");
}

#[tokio::test]
async fn a_closed_sign_up_says_so_and_so_does_one_without_mail() {
    let closed = start(SignUp::Closed).await;
    let silent = TestIssuer::start_with(TestIssuerOptions {
        login: TestLoginOptions {
            sign_up: SignUp::Open,
            mail: false,
            ..TestLoginOptions::default()
        },
        ..TestIssuerOptions::default()
    })
    .await;
    for issuer in [&closed, &silent] {
        sign_up(issuer, EMAIL, PASSWORD).await.assert_problem(
            403,
            "SIGNUP_CLOSED",
            "Sign-up is closed. Please ask the operator for an account.",
        );
    }
    assert_eq!(events(&closed), []);
}

#[tokio::test]
async fn an_address_gets_five_mails_in_any_hour_and_the_answer_stays_the_same() {
    let issuer = start(SignUp::Open).await;
    for n in 0..8 {
        assert_eq!(sign_up(&issuer, EMAIL, PASSWORD).await.status, 202);
        assert_eq!(issuer.mails.take().len(), usize::from(n < 5), "{n}");
    }
    issuer.clock.advance(60 * 60 + 1);
    sign_up(&issuer, EMAIL, PASSWORD).await;
    assert_eq!(issuer.mails.take().len(), 1);
}

#[tokio::test]
async fn a_mail_that_cannot_be_sent_costs_no_invite_and_a_false_invite_no_mail() {
    let issuer = start(SignUp::Invite).await;
    let try_code = async |code: &str| {
        // Stays below the limit of the client's address.
        issuer.clock.advance(7);
        let body = json!({ "email": EMAIL, "password": PASSWORD, "inviteCode": code });
        post(&issuer, "/auth/signup", &body).await
    };
    for _ in 0..6 {
        let refused = try_code(&"A".repeat(43)).await;
        assert_eq!(refused.code(), "SIGNUP_INVITE_INVALID");
    }
    for n in 0..5 {
        let code = issuer.add_invite().await;
        assert_eq!(try_code(&code).await.status, 202);
        assert_eq!(issuer.mails.take().len(), 1, "{n}");
    }
    let code = issuer.add_invite().await;
    assert_eq!(try_code(&code).await.status, 202);
    assert_eq!(issuer.mails.take().len(), 0);
    issuer.clock.advance(60 * 60);
    assert_eq!(try_code(&code).await.status, 202);
    assert_eq!(issuer.mails.take().len(), 1);
}

#[tokio::test]
async fn a_client_signs_up_ten_times_a_minute() {
    let issuer = start(SignUp::Open).await;
    for n in 0..11 {
        let body = json!({ "email": format!("user{n}@example.com"), "password": PASSWORD });
        let answer = post(&issuer, "/auth/signup", &body).await;
        assert_eq!(answer.status, if n < 10 { 202 } else { 429 });
    }
    let limited = sign_up(&issuer, EMAIL, PASSWORD).await;
    limited.assert_problem(
        429,
        "SIGNUP_RATE_LIMITED",
        "Too many sign-ups. Please wait a moment.",
    );
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    let other = post_from(&issuer, "203.0.113.2", "/auth/signup", &body).await;
    assert_eq!(other.status, 202);
}

#[tokio::test]
async fn what_is_out_of_bounds_is_refused() {
    let issuer = start(SignUp::Open).await;
    for body in [
        json!({}),
        json!({ "email": EMAIL }),
        json!({ "email": EMAIL, "password": "short" }),
        json!({ "email": EMAIL, "password": "x".repeat(65) }),
        json!({ "email": "ann", "password": PASSWORD }),
        json!({ "email": "\u{ff41}nn@example.com", "password": PASSWORD }),
        json!({ "email": "a\u{200b}nn@example.com", "password": PASSWORD }),
        json!({ "email": EMAIL, "password": PASSWORD, "inviteCode": 1 }),
    ] {
        post(&issuer, "/auth/signup", &body).await.assert_problem(
            422,
            "SIGNUP_VALIDATION_ERROR",
            "Please check your input and try again",
        );
    }
    assert_eq!(issuer.mails.take().len(), 0);
}
