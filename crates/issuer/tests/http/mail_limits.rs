//! The limits of mails: refused ones look the same to the caller.

use anteroom_issuer::{LoginLimits, SignUp};
use anteroom_service::WindowSize;
use anteroom_testkit::{TestIssuer, TestIssuerOptions, TestLogin, TestLoginOptions};
use serde_json::json;

use crate::support::post;

fn an_hour(most: u32) -> WindowSize {
    WindowSize::new(most.try_into().unwrap(), 3_600.try_into().unwrap())
}

async fn start(mails_of_domain: u32, all_mails: u32) -> TestIssuer {
    let plenty = an_hour(1_000);
    TestIssuer::start_with(TestIssuerOptions {
        login: TestLoginOptions {
            sign_up: SignUp::Open,
            limits: LoginLimits {
                sign_up: plenty,
                reset: plenty,
                mails_of_domain: an_hour(mails_of_domain),
                all_mails: an_hour(all_mails),
                ..LoginLimits::default()
            },
            ..TestLoginOptions::default()
        },
        ..TestIssuerOptions::default()
    })
    .await
}

/// How many mails come of a sign-up.
async fn mails_of_sign_up(issuer: &TestIssuer, email: &str) -> usize {
    let body = json!({ "email": email, "password": "correct horse" });
    let answer = post(issuer, "/auth/signup", &body).await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (202, 0));
    issuer.mails.take().len()
}

/// How many mails come of a request for a new password.
async fn mails_of_reset(issuer: &TestIssuer, email: &str) -> usize {
    let answer = post(issuer, "/auth/password-reset", &json!({ "email": email })).await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (202, 0));
    issuer.mails.take().len()
}

#[tokio::test]
async fn tags_and_dots_do_not_get_a_mailbox_more_than_five_mails_of_a_kind_in_an_hour() {
    let issuer = start(100, 100).await;
    for (n, local) in [
        "victim",
        "victim+1",
        "vic.tim+2",
        "v.i.c.t.i.m",
        "victim+1+2",
        "victim+6",
        "Victim",
    ]
    .into_iter()
    .enumerate()
    {
        let sent = mails_of_sign_up(&issuer, &format!("{local}@example.com")).await;
        assert_eq!(sent, usize::from(n < 5), "{local}");
    }
    assert_eq!(mails_of_sign_up(&issuer, "other@example.com").await, 1);
    issuer.clock.advance(3_601);
    assert_eq!(mails_of_sign_up(&issuer, "victim+7@example.com").await, 1);
}

#[tokio::test]
async fn resets_for_other_tags_and_dots_use_up_none_of_an_address() {
    let issuer = start(100, 100).await;
    let owner = "vic.tim@example.com";
    issuer
        .add_login(TestLogin::new(owner, "correct horse"))
        .await;
    for local in ["vic.tim+0", "vic.tim+1", "victim", "v.ictim", "vict.im"] {
        let email = format!("{local}@example.com");
        assert_eq!(mails_of_reset(&issuer, &email).await, 0, "{local}");
    }
    for n in 0..6 {
        let sent = mails_of_reset(&issuer, owner).await;
        assert_eq!(sent, usize::from(n < 5), "{n}");
    }
}

#[tokio::test]
async fn a_domain_whose_every_address_is_one_mailbox_is_not_flooded() {
    let issuer = start(3, 100).await;
    for n in 0..5 {
        let sent = mails_of_sign_up(&issuer, &format!("random{n}@victim.example")).await;
        assert_eq!(sent, usize::from(n < 3), "{n}");
    }
    assert_eq!(mails_of_sign_up(&issuer, "ann@example.com").await, 1);
    // Nobody can use up the resets of the people who have an account there.
    let owner = "owner@victim.example";
    issuer
        .add_login(TestLogin::new(owner, "correct horse"))
        .await;
    post(&issuer, "/auth/password-reset", &json!({ "email": owner })).await;
    assert_eq!(issuer.mails.take().len(), 1);
}

#[tokio::test]
async fn all_mails_together_are_bounded_and_count_alike_for_known_and_unknown_addresses() {
    let issuer = start(100, 4).await;
    issuer
        .add_login(TestLogin::new("ann@example.com", "correct horse"))
        .await;
    for (email, mails) in [
        ("ann@example.com", 1),
        ("nobody@example.com", 0),
        ("ann@example.com", 1),
    ] {
        post(&issuer, "/auth/password-reset", &json!({ "email": email })).await;
        assert_eq!(issuer.mails.take().len(), mails, "{email}");
    }
    assert_eq!(mails_of_sign_up(&issuer, "bob@other.example").await, 1);
    assert_eq!(mails_of_sign_up(&issuer, "cat@another.example").await, 0);
    let answer = post(
        &issuer,
        "/auth/password-reset",
        &json!({ "email": "ann@example.com" }),
    )
    .await;
    assert_eq!(
        (answer.status.as_u16(), issuer.mails.take().len()),
        (202, 0)
    );
}
