//! The share of one device in the limits of its account, and the resets of the limits.

use anteroom_issuer::IssuerLimits;
use anteroom_runtime::{BucketSize, Clock as _};
use anteroom_store::{DeviceId, IssuerDatabase as _, TransactionName};
use anteroom_testkit::{TestAccount, TestIssuer, TestIssuerOptions, TestLogin, execute_sql};
use axum::body::Body;
use http::Request;
use serde_json::json;

use crate::support::{Answer, Tokens, bearer, call, devices, get_as, post, signed};

const EMAIL: &str = "ann@example.com";
const PASSWORD: &str = "correct horse";

/// The operations with limits by account and device.
#[derive(Clone, Copy, Debug)]
enum LimitedOperation {
    Group,
    CallLink,
    Create,
    Relays,
}

impl LimitedOperation {
    const ALL: [Self; 4] = [Self::Group, Self::CallLink, Self::Create, Self::Relays];

    fn path(self, issuer: &TestIssuer) -> String {
        let day = issuer.clock.now().start_of_day().as_secs();
        let range = format!("redemptionStartSeconds={day}&redemptionEndSeconds={day}");
        match self {
            Self::Group => format!("/v1/certificate/auth/group?{range}"),
            Self::CallLink => format!("/v1/call-link/auth?{range}"),
            Self::Create => "/v1/call-link/create-auth".to_owned(),
            Self::Relays => "/v2/calling/relays".to_owned(),
        }
    }

    /// Returns whether a request passes the limit.
    async fn passes(self, issuer: &TestIssuer, account: &TestAccount) -> bool {
        let path = self.path(issuer);
        let answer = match self {
            Self::Create => {
                let request = signed(Request::post(path), account);
                let request = request.header("content-type", "application/json");
                call(issuer, request.body(Body::from("{}")).unwrap()).await
            }
            _ => get_as(issuer, account, &path).await,
        };
        self.is_past_the_limit(&answer)
    }

    async fn passes_with(self, issuer: &TestIssuer, token: &str) -> bool {
        let path = self.path(issuer);
        let answer = match self {
            Self::Create => bearer(issuer, token, "POST", &path, Some(&json!({}))).await,
            _ => bearer(issuer, token, "GET", &path, None).await,
        };
        self.is_past_the_limit(&answer)
    }

    fn is_past_the_limit(self, answer: &Answer) -> bool {
        let past = match self {
            Self::Create => 400,
            _ => 200,
        };
        assert!([past, 429].contains(&answer.status.as_u16()), "{answer:?}");
        answer.status == past
    }
}

/// Starts an issuer whose limits all have this capacity.
async fn limited_to(capacity: u32) -> TestIssuer {
    let size = BucketSize::new(capacity.try_into().unwrap(), 86_400.try_into().unwrap());
    TestIssuer::start_with(TestIssuerOptions {
        limits: IssuerLimits {
            batches: size,
            create_auth: size,
            relays: size,
            ..IssuerLimits::default()
        },
        ..TestIssuerOptions::default()
    })
    .await
}

/// Returns the number of requests that pass a limit before one does not.
async fn used_up(operation: LimitedOperation, issuer: &TestIssuer, account: &TestAccount) -> usize {
    let mut number = 0;
    while operation.passes(issuer, account).await {
        number += 1;
    }
    number
}

#[tokio::test]
async fn one_device_cannot_use_up_the_limits_of_its_account() {
    for operation in LimitedOperation::ALL {
        for (capacity, share) in [(48, 16), (5, 1), (2, 1)] {
            let issuer = limited_to(capacity).await;
            let devices = devices(&issuer, 2).await;
            for device in &devices {
                let number = used_up(operation, &issuer, device).await;
                assert_eq!(number, share, "{operation:?} {capacity}");
            }
            // Refused requests take nothing from the account.
            for _ in 0..60 {
                assert!(!operation.passes(&issuer, &devices[0]).await);
            }
            // One token is refilled in each bucket.
            issuer.clock.advance(86_400);
            assert!(
                operation.passes(&issuer, &devices[0]).await,
                "{operation:?}"
            );
            assert!(
                !operation.passes(&issuer, &devices[0]).await,
                "{operation:?}"
            );
        }
    }
}

#[tokio::test]
async fn the_batches_of_both_kinds_share_the_limit_of_a_device() {
    let issuer = limited_to(48).await;
    let device = &issuer.account;
    for number in 0..16 {
        let operation = [LimitedOperation::Group, LimitedOperation::CallLink][number % 2];
        assert!(operation.passes(&issuer, device).await, "{number}");
    }
    assert!(!LimitedOperation::Group.passes(&issuer, device).await);
    assert!(!LimitedOperation::CallLink.passes(&issuer, device).await);
}

/// Creates an account with a login and three devices that have used up all limits.
async fn used_up_by_three(issuer: &TestIssuer) -> String {
    issuer.add_login(TestLogin::new(EMAIL, PASSWORD)).await;
    let mut token = String::new();
    for _ in 0..3 {
        token = log_in(issuer, PASSWORD).await.access;
        for operation in LimitedOperation::ALL {
            while operation.passes_with(issuer, &token).await {}
        }
    }
    token
}

/// Logs in as a new device.
async fn log_in(issuer: &TestIssuer, password: &str) -> Tokens {
    let body = json!({ "email": EMAIL, "password": password });
    Tokens::of(&post(issuer, "/auth/login", &body).await)
}

/// Returns the number of requests of a new device that pass each limit.
async fn shares_of_a_new_device(issuer: &TestIssuer, password: &str) -> [usize; 4] {
    let token = log_in(issuer, password).await.access;
    let mut shares = [0; 4];
    for (operation, number) in LimitedOperation::ALL.into_iter().zip(&mut shares) {
        while operation.passes_with(issuer, &token).await {
            *number += 1;
        }
    }
    shares
}

/// Sets a new password with the link of a mail.
async fn reset(issuer: &TestIssuer, password: &str) {
    let _ = issuer.mails.take();
    post(issuer, "/auth/password-reset", &json!({ "email": EMAIL })).await;
    let token = issuer.mails.take_token(EMAIL);
    let body = json!({ "token": token, "password": password, "keepDevices": true });
    let answer = post(issuer, "/auth/password-reset/confirm", &body).await;
    assert_eq!(answer.status, 204);
}

/// Both kinds of batches share a bucket, which the first of them empties.
const FULL: [usize; 4] = [4, 0, 4, 4];

#[tokio::test]
async fn a_reset_has_the_limits_begin_anew_for_all_devices() {
    let issuer = limited_to(12).await;
    used_up_by_three(&issuer).await;
    assert_eq!(shares_of_a_new_device(&issuer, PASSWORD).await, [0; 4]);
    reset(&issuer, "fresh battery staple").await;
    issuer.clock.advance(61);
    let shares = shares_of_a_new_device(&issuer, "fresh battery staple").await;
    assert_eq!(shares, FULL);
}

#[tokio::test]
async fn a_deleted_device_leaves_a_full_share_to_a_new_one_even_under_its_number() {
    let issuer = limited_to(12).await;
    let token = used_up_by_three(&issuer).await;
    let answer = bearer(&issuer, &token, "DELETE", "/v1/devices/1", None).await;
    assert_eq!(answer.status, 204);
    issuer.clock.advance(61);
    assert_eq!(shares_of_a_new_device(&issuer, PASSWORD).await, FULL);
}

#[tokio::test]
async fn the_number_of_a_device_that_is_gone_brings_no_empty_share() {
    let issuer = limited_to(12).await;
    let aci = issuer.add_login(TestLogin::new(EMAIL, PASSWORD)).await;
    let mut numbers = Vec::new();
    for _ in 0..2 {
        let tokens = log_in(&issuer, PASSWORD).await;
        numbers.push(tokens.device);
        let mut share = 0;
        while LimitedOperation::Create
            .passes_with(&issuer, &tokens.access)
            .await
        {
            share += 1;
        }
        assert_eq!(share, 4);
        // Deletes the device as a stale one is deleted.
        let name = TransactionName::new("test");
        let mut transaction = issuer.database.begin(name).await.unwrap();
        let device = DeviceId::parse(&tokens.device.to_string()).unwrap();
        assert!(
            transaction
                .delete_device(&aci, device, issuer.clock.now())
                .await
                .unwrap()
        );
        transaction.save().await.unwrap();
        issuer.clock.advance(1);
    }
    assert_eq!(numbers, [1, 1]);
}

#[tokio::test]
async fn limits_begin_anew_three_times_at_once_and_once_more_every_eight_hours() {
    let issuer = limited_to(12).await;
    let aci = issuer.add_login(TestLogin::new(EMAIL, PASSWORD)).await;
    let epoch = async || {
        let name = TransactionName::new("test");
        let mut reader = issuer.database.read(name).await.unwrap();
        reader.account(&aci).await.unwrap().unwrap().limit_epoch
    };
    for (seconds, expected) in [(0, 1), (0, 2), (0, 3), (0, 3), (8 * 3_600, 4), (0, 4)] {
        issuer.clock.advance(seconds);
        let (one, other) = (
            log_in(&issuer, PASSWORD).await,
            log_in(&issuer, PASSWORD).await,
        );
        let path = format!("/v1/devices/{}", one.device);
        let answer = bearer(&issuer, &other.access, "DELETE", &path, None).await;
        assert_eq!(answer.status, 204);
        assert_eq!(epoch().await, expected);
        issuer.clock.advance(61);
    }
    // A reset by mail has a limit of its own.
    reset(&issuer, PASSWORD).await;
    assert_eq!(epoch().await, 5);
    // A device that deletes itself resets nothing.
    let tokens = log_in(&issuer, PASSWORD).await;
    let path = format!("/v1/devices/{}", tokens.device);
    issuer.clock.advance(8 * 3_600);
    bearer(&issuer, &tokens.access, "DELETE", &path, None).await;
    assert_eq!(epoch().await, 5);
}

/// Has the database refuse to note another epoch of limits, or no longer.
fn set_refusing(issuer: &TestIssuer, is_refusing: bool) {
    let statement = if is_refusing {
        "CREATE TRIGGER refusal BEFORE UPDATE OF limit_epoch ON accounts
         BEGIN SELECT RAISE(ABORT, 'refused'); END"
    } else {
        "DROP TRIGGER refusal"
    };
    execute_sql(&issuer.directory().join("issuer.db"), statement);
}

#[tokio::test]
async fn a_deletion_or_reset_that_the_database_does_not_take_costs_no_renewal() {
    let issuer = limited_to(12).await;
    let aci = issuer.add_login(TestLogin::new(EMAIL, PASSWORD)).await;
    let epoch = async || {
        let name = TransactionName::new("test");
        let mut reader = issuer.database.read(name).await.unwrap();
        reader.account(&aci).await.unwrap().unwrap().limit_epoch
    };
    post(&issuer, "/auth/password-reset", &json!({ "email": EMAIL })).await;
    let token = issuer.mails.take_token(EMAIL);
    let body = json!({ "token": token, "password": PASSWORD, "keepDevices": true });
    let (one, other) = (
        log_in(&issuer, PASSWORD).await,
        log_in(&issuer, PASSWORD).await,
    );
    let path = format!("/v1/devices/{}", one.device);

    set_refusing(&issuer, true);
    for _ in 0..4 {
        let deleted = bearer(&issuer, &other.access, "DELETE", &path, None).await;
        assert!(deleted.status.is_server_error(), "{deleted:?}");
        let reset = post(&issuer, "/auth/password-reset/confirm", &body).await;
        assert!(reset.status.is_server_error(), "{reset:?}");
        // The limit of requests for resets is another one.
        issuer.clock.advance(61);
    }
    assert_eq!(epoch().await, 0);

    set_refusing(&issuer, false);
    let missing = bearer(&issuer, &other.access, "DELETE", "/v1/devices/99", None).await;
    assert_eq!(missing.status, 404);
    let deleted = bearer(&issuer, &other.access, "DELETE", &path, None).await;
    assert_eq!((deleted.status.as_u16(), epoch().await), (204, 1));
    let reset = post(&issuer, "/auth/password-reset/confirm", &body).await;
    assert_eq!((reset.status.as_u16(), epoch().await), (204, 2));
}
