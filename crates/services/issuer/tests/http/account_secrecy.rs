//! Sign-ups, and the operations around them, do not show whether an address has an account.

use anteroom_accounts::SignUp;
use anteroom_protocol::DAY;
use anteroom_runtime::ClientAddress;
use anteroom_testkit::{LogGuard, TestIssuer, TestIssuerOptions, TestLogin, TestLoginOptions};
use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use crate::support::{Answer, Tokens, call, post};

/// The address of an account.
const ANN: &str = "ann@example.com";
/// An address without an account.
const BOB: &str = "bob@example.com";
const PASSWORD: &str = "correct horse";
const CHOSEN: &str = "a horse of mine";

async fn start(sign_up: SignUp) -> TestIssuer {
    let issuer = TestIssuer::start_with(TestIssuerOptions {
        login: TestLoginOptions {
            sign_up,
            ..TestLoginOptions::default()
        },
        ..TestIssuerOptions::default()
    })
    .await;
    issuer.add_login(TestLogin::new(ANN, PASSWORD)).await;
    LogGuard::global().watch_text("email", BOB);
    LogGuard::global().watch_text("password", CHOSEN);
    issuer
}

/// Sends the form of a page, or JSON.
async fn send(issuer: &TestIssuer, is_form: bool, path: &str, body: &Value) -> Answer {
    if !is_form {
        return post(issuer, path, body).await;
    }
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in body.as_object().unwrap() {
        let name = if name == "inviteCode" { "invite" } else { name };
        form.append_pair(name, value.as_str().unwrap());
    }
    let page = match path {
        "/auth/signup" => "/account/signup",
        "/auth/verify-email/resend" => "/account/verify/resend",
        "/auth/password-reset" => "/account/reset",
        other => unreachable!("no page for {other}"),
    };
    let request = Request::post(page)
        .header("content-type", "application/x-www-form-urlencoded")
        .extension(ClientAddress::new("203.0.113.1".parse().unwrap()))
        .body(Body::from(form.finish()));
    call(issuer, request.unwrap()).await
}

/// Returns everything that a caller sees of an answer. Pages show the typed address.
fn seen(answer: &Answer, email: &str) -> (u16, Vec<String>, String) {
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .filter(|(name, _)| *name != "x-request-id")
        .map(|(name, value)| format!("{name}: {value:?}"))
        .collect();
    headers.sort_unstable();
    let body = String::from_utf8(answer.body.clone()).unwrap();
    (
        answer.status.as_u16(),
        headers,
        body.replace(email, "EMAIL"),
    )
}

/// Returns everything that a caller sees who signs up with an address, logs in with the new
/// password and with another, and requests mails, as time passes.
async fn everything_seen(
    email: &str,
    sign_up: SignUp,
    is_form: bool,
) -> Vec<impl PartialEq + std::fmt::Debug> {
    let issuer = start(sign_up).await;
    let mut all = Vec::new();
    let mut body = json!({ "email": email, "password": CHOSEN });
    if sign_up == SignUp::Invite {
        body["inviteCode"] = json!(issuer.add_invite().await);
    }
    let log_in = async |password: &str| {
        let body = json!({ "email": email, "password": password });
        post(&issuer, "/auth/login", &body).await
    };
    let answer = send(&issuer, is_form, "/auth/signup", &body).await;
    all.push(seen(&answer, email));
    assert_eq!(issuer.mails.take().len(), 1);
    let named = json!({ "email": email });
    for step in 0..4 {
        for password in [CHOSEN, "another horse"] {
            all.push(seen(&log_in(password).await, email));
        }
        match step {
            0 => {
                // Both addresses use the code up.
                all.push(seen(
                    &send(&issuer, is_form, "/auth/signup", &body).await,
                    email,
                ));
            }
            1 => {
                let path = "/auth/verify-email/resend";
                all.push(seen(&send(&issuer, is_form, path, &named).await, email));
                let path = "/auth/password-reset";
                all.push(seen(&send(&issuer, is_form, path, &named).await, email));
            }
            2 => {
                issuer.clock.advance(DAY);
                let path = "/auth/password-reset";
                all.push(seen(&send(&issuer, is_form, path, &named).await, email));
                issuer.clock.advance(61);
                issuer.issuer.accounts().purge().await.unwrap();
            }
            _ => {}
        }
        issuer.clock.advance(61);
    }
    all
}

#[tokio::test]
async fn sign_up_then_log_in_does_not_tell_who_has_an_account() {
    for sign_up in [SignUp::Open, SignUp::Invite] {
        for is_form in [false, true] {
            let known = everything_seen(ANN, sign_up, is_form).await;
            let unknown = everything_seen(BOB, sign_up, is_form).await;
            assert_eq!(known, unknown, "{sign_up:?} form: {is_form}");
        }
    }
}

/// A step of a stranger with an address, or of the time.
#[derive(Clone, Copy, Debug)]
enum Step {
    SignUp,
    Resend,
    Reset,
    Wait(u64),
    Purge,
}

/// Returns the answers to a login with the password of the sign-up, after each step.
async fn logins_after(email: &str, steps: &[Step]) -> Vec<impl PartialEq + std::fmt::Debug> {
    let issuer = start(SignUp::Open).await;
    let named = json!({ "email": email });
    let chosen = json!({ "email": email, "password": CHOSEN });
    let mut all = Vec::new();
    for step in steps {
        let request = match step {
            Step::SignUp => Some(("/auth/signup", &chosen)),
            Step::Resend => Some(("/auth/verify-email/resend", &named)),
            Step::Reset => Some(("/auth/password-reset", &named)),
            Step::Wait(seconds) => {
                issuer.clock.advance(*seconds);
                None
            }
            Step::Purge => {
                issuer.issuer.accounts().purge().await.unwrap();
                None
            }
        };
        if let Some((path, body)) = request {
            all.push(seen(&post(&issuer, path, body).await, email));
        }
        issuer.issuer.accounts().background_idle().await;
        all.push(seen(&post(&issuer, "/auth/login", &chosen).await, email));
        issuer.clock.advance(61);
    }
    all
}

#[tokio::test]
async fn no_order_of_sign_up_resend_reset_and_purge_tells_who_has_an_account() {
    use Step::{Purge, Resend, Reset, SignUp, Wait};
    const ALMOST: Step = Wait(DAY - 1_800);
    const HOUR_LATER: Step = Wait(3_600);
    const HALF: Step = Wait(DAY / 2);
    for steps in [
        // A reset is pending when the sign-up ends.
        &[SignUp, ALMOST, Reset, Wait(1_800), Purge, HOUR_LATER, Purge][..],
        &[
            SignUp,
            Purge,
            ALMOST,
            Reset,
            Wait(1_800),
            Purge,
            Resend,
            Purge,
        ],
        &[SignUp, ALMOST, Reset, Wait(1_800), Purge, SignUp, Purge],
        // The sign-up has ended before a purge.
        &[SignUp, Wait(DAY), Resend, Purge, HOUR_LATER, Purge],
        &[SignUp, Wait(DAY), Reset, Resend, Purge, HOUR_LATER, Purge],
        // The only sign-up is renewed.
        &[SignUp, HALF, Resend, HALF, Purge, HALF, Purge],
        &[
            SignUp, HALF, Resend, Reset, HALF, Purge, Resend, HALF, Purge,
        ],
        // Several sign-ups are unconfirmed.
        &[SignUp, SignUp, HALF, Resend, HALF, Purge, HALF, Purge],
        &[
            SignUp, HALF, SignUp, Resend, HALF, Purge, Resend, HALF, Purge, HALF, Purge,
        ],
        &[Reset, SignUp, Resend, Reset, SignUp, Wait(DAY), Purge],
    ] {
        let known = logins_after(ANN, steps).await;
        let unknown = logins_after(BOB, steps).await;
        assert_eq!(known, unknown, "{steps:?}");
    }
}

#[tokio::test]
async fn the_password_of_a_sign_up_with_a_known_address_opens_nothing() {
    let issuer = start(SignUp::Open).await;
    let body = json!({ "email": ANN, "password": CHOSEN });
    for _ in 0..2 {
        assert_eq!(post(&issuer, "/auth/signup", &body).await.status, 202);
        let told = post(&issuer, "/auth/login", &body).await;
        told.assert_problem(
            403,
            "LOGIN_EMAIL_NOT_VERIFIED",
            "Please verify your email address to continue",
        );
    }
    let owner = json!({ "email": ANN, "password": PASSWORD });
    Tokens::of(&post(&issuer, "/auth/login", &owner).await);
    // A new password ends the shadow.
    let _ = issuer.mails.take();
    post(&issuer, "/auth/password-reset", &json!({ "email": ANN })).await;
    let token = issuer.mails.take_token(ANN);
    let reset = json!({ "token": token, "password": "fresh battery staple" });
    let answer = post(&issuer, "/auth/password-reset/confirm", &reset).await;
    assert_eq!(answer.status, 204);
    assert_eq!(post(&issuer, "/auth/login", &body).await.status, 401);
}

#[tokio::test]
async fn unverified_accounts_and_logins_go_with_their_last_sign_up() {
    let issuer = start(SignUp::Open).await;
    let body = json!({ "email": BOB, "password": CHOSEN });
    post(&issuer, "/auth/signup", &body).await;
    issuer.clock.advance(DAY / 2);
    post(&issuer, "/auth/signup", &body).await;
    let _ = issuer.mails.take();
    // The first sign-up has ended, and the second has not.
    issuer.clock.advance(DAY / 2);
    issuer.issuer.accounts().purge().await.unwrap();
    assert_eq!(post(&issuer, "/auth/login", &body).await.status, 403);
    issuer.clock.advance(DAY / 2);
    assert_eq!(issuer.issuer.accounts().purge().await.unwrap().rows, 3);
    assert_eq!(post(&issuer, "/auth/login", &body).await.status, 401);
    // No row of it remains: the next sign-up counts as a first one.
    post(&issuer, "/auth/signup", &body).await;
    assert!(
        !issuer.mails.take()[0]
            .text
            .contains("not the first sign-up")
    );
}
