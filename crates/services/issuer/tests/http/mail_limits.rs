//! The limits of mails. A refused mail looks the same to the caller.

use anteroom_accounts::{LoginLimits, SignUp};
use anteroom_runtime::WindowSize;
use anteroom_testkit::{TestIssuer, TestIssuerOptions, TestLogin, TestLoginOptions};
use serde_json::json;

use crate::support::{post, post_from};

fn an_hour(most: u32) -> WindowSize {
    WindowSize::new(most.try_into().unwrap(), 3_600.try_into().unwrap())
}

async fn start(mails_of_domain: u32, all_mails: u32) -> TestIssuer {
    start_with_share(mails_of_domain, all_mails, 1_000).await
}

async fn start_with_share(
    mails_of_domain: u32,
    all_mails: u32,
    mails_of_network: u32,
) -> TestIssuer {
    let plenty = an_hour(1_000);
    TestIssuer::start_with(TestIssuerOptions {
        login: TestLoginOptions {
            sign_up: SignUp::Open,
            limits: LoginLimits {
                sign_up: plenty,
                reset: plenty,
                mails_of_domain: an_hour(mails_of_domain),
                all_mails: an_hour(all_mails),
                mails_of_network: an_hour(mails_of_network),
                ..LoginLimits::default()
            },
            ..TestLoginOptions::default()
        },
        ..TestIssuerOptions::default()
    })
    .await
}

/// Returns the number of mails that a sign-up causes.
async fn mails_of_sign_up(issuer: &TestIssuer, email: &str) -> usize {
    let body = json!({ "email": email, "password": "correct horse" });
    let answer = post(issuer, "/auth/signup", &body).await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (202, 0));
    issuer.mails.take().len()
}

/// Returns the number of mails that a request for a new password causes.
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
    // A stranger cannot use up the resets of the account's owner.
    let owner = "owner@victim.example";
    issuer
        .add_login(TestLogin::new(owner, "correct horse"))
        .await;
    post(&issuer, "/auth/password-reset", &json!({ "email": owner })).await;
    assert_eq!(issuer.mails.take().len(), 1);
}

#[tokio::test]
async fn totals_count_requests_in_the_same_way_whether_they_lead_to_mails_or_not() {
    const OWNER: &str = "ann@example.com";
    for asked in [OWNER, "nobody@example.com"] {
        // Half of six resets are for unknown networks.
        let issuer = start(100, 6).await;
        issuer
            .add_login(TestLogin::new(OWNER, "correct horse"))
            .await;
        issuer
            .add_login(TestLogin::new("own@example.com", "correct horse"))
            .await;
        for _ in 0..2 {
            mails_of_reset(&issuer, asked).await;
        }
        let sent = [
            mails_of_reset(&issuer, "own@example.com").await,
            mails_of_reset(&issuer, "own@example.com").await,
        ];
        assert_eq!(sent, [1, 0], "{asked}");

        for _ in 0..4 {
            let body = json!({ "email": asked });
            let answer = post(&issuer, "/auth/verify-email/resend", &body).await;
            assert_eq!(answer.status.as_u16(), 202);
        }
        let sent = [
            mails_of_sign_up(&issuer, "bob@1.example").await,
            mails_of_sign_up(&issuer, "bob@2.example").await,
            mails_of_sign_up(&issuer, "bob@3.example").await,
        ];
        assert_eq!(sent, [1, 1, 0], "{asked}");
    }
}

#[tokio::test]
async fn resets_from_unknown_networks_leave_half_of_the_total_to_known_ones() {
    let issuer = start(100, 4).await;
    let owner = "ann@example.com";
    issuer
        .add_login(TestLogin::new(owner, "correct horse"))
        .await;
    let home = "198.51.100.1";
    let body = json!({ "email": owner, "password": "correct horse" });
    let answer = post_from(&issuer, home, "/auth/login", &body).await;
    assert_eq!(answer.status, 200);
    let _ = issuer.mails.take();
    for n in 0..10 {
        let body = json!({ "email": format!("nobody{n}@example.com") });
        let client = format!("192.0.2.{n}");
        post_from(&issuer, &client, "/auth/password-reset", &body).await;
    }
    for (client, mails) in [("192.0.2.100", 0), (home, 1), (home, 1), (home, 0)] {
        let body = json!({ "email": owner });
        post_from(&issuer, client, "/auth/password-reset", &body).await;
        assert_eq!(issuer.mails.take().len(), mails, "{client}");
    }
}

#[tokio::test]
async fn an_owner_whose_repetitions_a_stranger_uses_up_confirms_the_address_by_a_reset() {
    let issuer = start(100, 100).await;
    let owner = "ann@example.com";
    assert_eq!(mails_of_sign_up(&issuer, owner).await, 1);
    for n in 0..5 {
        let body = json!({ "email": format!("ann+{n}@example.com") });
        post(&issuer, "/auth/verify-email/resend", &body).await;
    }
    let named = json!({ "email": owner });
    post(&issuer, "/auth/verify-email/resend", &named).await;
    assert_eq!(issuer.mails.take().len(), 0);
    post(&issuer, "/auth/password-reset", &named).await;
    let token = issuer.mails.take_token(owner);
    let body = json!({ "token": token, "password": "fresh battery staple" });
    let answer = post(&issuer, "/auth/password-reset/confirm", &body).await;
    assert_eq!(answer.status, 204);
    let body = json!({ "email": owner, "password": "fresh battery staple" });
    assert_eq!(post(&issuer, "/auth/login", &body).await.status, 200);
}

#[tokio::test]
async fn sign_ups_and_resets_are_bounded_each_by_a_total_of_its_own() {
    let issuer = start(100, 4).await;
    issuer
        .add_login(TestLogin::new("ann@example.com", "correct horse"))
        .await;
    for n in 0..5 {
        let sent = mails_of_sign_up(&issuer, &format!("bob@{n}.example")).await;
        assert_eq!(sent, usize::from(n < 4), "{n}");
    }
    // The other half is for networks with a recent login.
    for n in 0..4 {
        let sent = mails_of_reset(&issuer, "ann@example.com").await;
        assert_eq!(sent, usize::from(n < 2), "{n}");
    }
}

#[tokio::test]
async fn a_repetition_over_the_total_leaves_the_link_of_the_mail_before() {
    let issuer = start(100, 1).await;
    let email = "ann@example.com";
    let body = json!({ "email": email, "password": "correct horse" });
    post(&issuer, "/auth/signup", &body).await;
    let token = issuer.mails.take_token(email);
    post(
        &issuer,
        "/auth/verify-email/resend",
        &json!({ "email": email }),
    )
    .await;
    assert_eq!(issuer.mails.take().len(), 0);
    let answer = post(&issuer, "/auth/verify-email", &json!({ "token": token })).await;
    assert!(answer.status.is_success(), "{}", answer.status);
}

#[tokio::test]
async fn one_network_has_a_share_of_all_mails_whether_its_requests_lead_to_mails_or_not() {
    let issuer = start_with_share(100, 100, 2).await;
    let owner = "ann@example.com";
    issuer
        .add_login(TestLogin::new(owner, "correct horse"))
        .await;
    for (client, email, mails) in [
        ("2001:db8:1:1::1", "nobody@example.com", 0),
        ("2001:db8:1:2::1", owner, 1),
        ("2001:db8:1:300::1", owner, 0),
        ("2001:db8:2::1", owner, 1),
        ("192.0.2.1", owner, 1),
    ] {
        let body = json!({ "email": email });
        let answer = post_from(&issuer, client, "/auth/password-reset", &body).await;
        assert_eq!(answer.status.as_u16(), 202, "{client}");
        assert_eq!(issuer.mails.take().len(), mails, "{client}");
    }
}
