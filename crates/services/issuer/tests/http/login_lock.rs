//! The locks of an email, and the delay of attempts from elsewhere.

use anteroom_accounts::{LoginLimits, LoginSettings};
use anteroom_protocol::DAY;
use anteroom_runtime::Clock as _;
use anteroom_testkit::{TestIssuer, TestIssuerOptions, TestLogin, TestLoginOptions};
use serde_json::{Value, json};

use crate::support::{Answer, Tokens, events, post, post_from};

const LOGIN: &str = "/auth/login";
const EMAIL: &str = "ann@example.com";
const NOBODY: &str = "nobody@example.com";
const PASSWORD: &str = "correct horse";
const WRONG: &str = "another horse";
const HOME: &str = "203.0.113.1";
const AFAR: &str = "198.51.100.1";

/// Starts an issuer with one login and no limits of addresses.
async fn start(lock_mail: bool) -> TestIssuer {
    let plenty = LoginLimits::default().logout;
    let issuer = TestIssuer::start_with(TestIssuerOptions {
        login: TestLoginOptions {
            limits: LoginLimits {
                login: plenty,
                token: plenty,
                ..LoginLimits::default()
            },
            lock_mail,
            ..TestLoginOptions::default()
        },
        ..TestIssuerOptions::default()
    })
    .await;
    issuer.add_login(TestLogin::new(EMAIL, PASSWORD)).await;
    issuer
}

async fn attempt(issuer: &TestIssuer, client: &str, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    post_from(issuer, client, LOGIN, &body).await
}

async fn fail(issuer: &TestIssuer, client: &str, email: &str, times: usize) {
    for _ in 0..times {
        assert_eq!(attempt(issuer, client, email, WRONG).await.status, 401);
    }
}

#[track_caller]
fn assert_locked(answer: &Answer) {
    answer.assert_problem(
        423,
        "LOGIN_ACCOUNT_LOCKED",
        "Account temporarily locked. Please try again later.",
    );
}

fn names(events: &[(&'static str, Value)]) -> Vec<&'static str> {
    events.iter().map(|(name, _)| *name).collect()
}

#[tokio::test]
async fn lock_5_failures_lock_the_email_for_15_minutes() {
    let issuer = start(false).await;
    for (email, is_known) in [(EMAIL, true), (NOBODY, false)] {
        let start = issuer.clock.now();
        fail(&issuer, HOME, email, 5).await;
        for after in [0, 1, 899] {
            issuer.clock.set(start.plus(after));
            // The answer does not show whether the password is right.
            for password in [PASSWORD, WRONG] {
                let answer = attempt(&issuer, HOME, email, password).await;
                assert_locked(&answer);
                let left = (900 - after).to_string();
                assert_eq!(answer.header("retry-after"), Some(left.as_str()));
            }
        }
        issuer.clock.set(start.plus(900));
        let answer = attempt(&issuer, HOME, email, PASSWORD).await;
        assert_eq!(answer.status, if is_known { 200 } else { 401 }, "{email}");
    }
}

#[tokio::test]
async fn login_locked_comes_with_the_failure_that_locks() {
    let issuer = start(false).await;
    for n in 1..=7 {
        attempt(&issuer, HOME, EMAIL, WRONG).await;
        let happened = events(&issuer);
        let expected = if n == 5 {
            vec!["login.failed", "login.locked"]
        } else {
            vec!["login.failed"]
        };
        assert_eq!(names(&happened), expected, "{n}");
        let reason = if n <= 5 {
            "invalid_credentials"
        } else {
            "locked"
        };
        assert_eq!(happened[0].1["reason"], reason);
        assert_eq!(happened[0].1["attempt_count"], n.min(5));
    }
}

#[tokio::test]
async fn lock_for_the_network_they_came_from_ipv4_or_ipv6_64() {
    for (attacker, neighbour, elsewhere) in [
        (HOME, HOME, AFAR),
        (HOME, "::ffff:203.0.113.1", "203.0.113.2"),
        ("2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1"),
    ] {
        let issuer = start(false).await;
        fail(&issuer, attacker, EMAIL, 5).await;
        assert_locked(&attempt(&issuer, neighbour, EMAIL, PASSWORD).await);
        assert_eq!(
            attempt(&issuer, elsewhere, EMAIL, PASSWORD).await.status,
            200
        );
        // A login from elsewhere gives the attacker no new attempts.
        assert_locked(&attempt(&issuer, attacker, EMAIL, PASSWORD).await);
    }
}

#[tokio::test]
async fn lock_for_the_known_device_they_came_from() {
    let issuer = start(false).await;
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    let device = Tokens::of(&post_from(&issuer, HOME, LOGIN, &body).await);
    let with = |device_id: u64, token: &str, password: &str| {
        json!({
            "email": EMAIL, "password": password, "deviceId": device_id, "refresh_token": token,
        })
    };
    let (id, token) = (device.device, device.refresh.as_str());
    fail(&issuer, HOME, EMAIL, 5).await;
    // The proof must belong to this device and must be its last token.
    for (device, token) in [(id + 1, token), (id, "x"), (id, &"A".repeat(43))] {
        let body = with(device, token, PASSWORD);
        assert_locked(&post(&issuer, LOGIN, &body).await);
    }
    assert_eq!(
        post(&issuer, LOGIN, &with(id, token, WRONG)).await.status,
        401
    );
    let again = Tokens::of(&post(&issuer, LOGIN, &with(id, token, PASSWORD)).await);
    assert_locked(&post(&issuer, LOGIN, &with(id, token, PASSWORD)).await);

    // The failures of a device lock only this device, at any address.
    issuer.clock.advance(900);
    let token = again.refresh.as_str();
    for _ in 0..5 {
        let body = with(id, token, WRONG);
        assert_eq!(post_from(&issuer, AFAR, LOGIN, &body).await.status, 401);
    }
    let body = with(id, token, PASSWORD);
    for client in [AFAR, HOME] {
        assert_locked(&post_from(&issuer, client, LOGIN, &body).await);
    }
    assert_eq!(attempt(&issuer, HOME, EMAIL, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_device_is_known_after_its_session_has_ended() {
    let issuer = start(false).await;
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    let device = Tokens::of(&post(&issuer, LOGIN, &body).await);
    let refresh = json!({ "refresh_token": device.refresh });
    assert_eq!(post(&issuer, "/auth/logout", &refresh).await.status, 204);
    fail(&issuer, HOME, EMAIL, 5).await;
    let mut body = body.clone();
    body["deviceId"] = json!(device.device);
    assert_locked(&post(&issuer, LOGIN, &body).await);
    body["refresh_token"] = json!(device.refresh);
    assert_eq!(post(&issuer, LOGIN, &body).await.status, 200);
}

#[tokio::test]
async fn the_device_of_one_account_is_not_known_to_another() {
    let issuer = start(false).await;
    issuer
        .add_login(TestLogin::new("bob@example.com", PASSWORD))
        .await;
    let body = json!({ "email": "bob@example.com", "password": PASSWORD });
    let bobs = Tokens::of(&post(&issuer, LOGIN, &body).await);
    for email in [EMAIL, NOBODY] {
        fail(&issuer, HOME, email, 5).await;
        let body = json!({
            "email": email, "password": PASSWORD,
            "deviceId": bobs.device, "refresh_token": bobs.refresh,
        });
        assert_locked(&post(&issuer, LOGIN, &body).await);
    }
}

#[tokio::test]
async fn from_elsewhere_attempts_are_slowed_down_for_unknown_emails_too() {
    let issuer = start(false).await;
    for email in [EMAIL, NOBODY] {
        let mut waits = Vec::new();
        for n in 0..5 {
            fail(&issuer, &format!("198.51.100.{n}"), email, 5).await;
            let _ = issuer.delays.take();
            attempt(&issuer, HOME, email, WRONG).await;
            waits.extend(
                issuer
                    .delays
                    .take()
                    .iter()
                    .map(std::time::Duration::as_secs),
            );
        }
        assert_eq!(waits, [1, 2, 2, 4, 4], "{email}");
    }
}

#[tokio::test]
async fn the_owner_is_not_slowed_down_by_typing_errors_of_their_own_nor_on_a_known_device() {
    let issuer = start(false).await;
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    let device = Tokens::of(&post(&issuer, LOGIN, &body).await);
    fail(&issuer, HOME, EMAIL, 4).await;
    assert_eq!(attempt(&issuer, HOME, EMAIL, PASSWORD).await.status, 200);
    assert!(issuer.delays.take().is_empty());
    fail(&issuer, AFAR, EMAIL, 5).await;
    let mut known = body.clone();
    known["deviceId"] = json!(device.device);
    known["refresh_token"] = json!(device.refresh);
    let _ = issuer.delays.take();
    assert_eq!(post(&issuer, LOGIN, &known).await.status, 200);
    assert!(issuer.delays.take().is_empty());
    // An attempt from a network is delayed, and still possible.
    assert_eq!(attempt(&issuer, HOME, EMAIL, PASSWORD).await.status, 200);
    assert_eq!(issuer.delays.take().len(), 1);
}

#[tokio::test]
async fn a_lock_that_a_clock_ahead_has_set_lasts_15_minutes_at_most() {
    let issuer = start(false).await;
    let right = issuer.clock.now();
    issuer.clock.set(right.plus(30 * DAY));
    fail(&issuer, HOME, EMAIL, 5).await;
    issuer.clock.set(right);
    assert_locked(&attempt(&issuer, HOME, EMAIL, PASSWORD).await);
    issuer.clock.set(right.plus(899));
    assert_locked(&attempt(&issuer, HOME, EMAIL, PASSWORD).await);
    issuer.clock.set(right.plus(900));
    assert_eq!(attempt(&issuer, HOME, EMAIL, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_mail_when_an_account_is_locked_off_by_default() {
    assert!(!LoginSettings::new("https://issuer.example").lock_mail);
    for is_on in [false, true] {
        let issuer = start(is_on).await;
        let unverified = "bob@example.com";
        let login = TestLogin {
            verified: false,
            ..TestLogin::new(unverified, PASSWORD)
        };
        issuer.add_login(login).await;
        for email in [EMAIL, NOBODY, unverified] {
            fail(&issuer, HOME, email, 5).await;
            assert_locked(&attempt(&issuer, HOME, email, PASSWORD).await);
            let mails = issuer.mails.take();
            assert_eq!(mails.len(), usize::from(is_on && email == EMAIL));
            if let Some(mail) = mails.first() {
                assert_eq!(mail.to.as_str(), EMAIL);
                assert_eq!(mail.subject, "Logging in was blocked for a while");
            }
        }
    }
}

#[tokio::test]
async fn locks_of_other_tags_use_up_none_of_the_notices_of_an_address() {
    let issuer = start(true).await;
    for n in 0..5 {
        fail(&issuer, HOME, &format!("ann+{n}@example.com"), 5).await;
    }
    assert_eq!(issuer.mails.take().len(), 0);
    fail(&issuer, HOME, EMAIL, 5).await;
    assert_eq!(issuer.mails.take().len(), 1);
}
