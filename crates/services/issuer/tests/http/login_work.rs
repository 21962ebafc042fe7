//! An attempt causes the same work for known and unknown emails.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex},
    time::Duration,
};

use anteroom_accounts::{HashCost, HashQueueLimits, LoginLimits, PasswordHasher};
use anteroom_http_server::{HttpLimits, metrics_router};
use anteroom_issuer::IssuingParams;
use anteroom_protocol::Mode;
use anteroom_store::{
    Availability, IssuerDatabase, IssuerReader, IssuerRepository, StorageKeys, StoreError,
    TransactionName,
};
use anteroom_testkit::{TestIssuer, TestIssuerOptions, TestLogin, TestLoginOptions};
use async_trait::async_trait;
use http_body_util::BodyExt as _;
use serde_json::json;
use tower::ServiceExt as _;

use crate::support::{post, post_from};

/// Longer than any queue of these tests on any machine.
const PATIENCE: Duration = Duration::from_secs(600);

/// A database that records every transaction.
#[derive(Debug)]
struct TransactionCounter {
    database: Arc<dyn IssuerDatabase>,
    begun: Transactions,
}

type Transactions = Arc<Mutex<Vec<(&'static str, &'static str)>>>;

#[async_trait]
impl IssuerDatabase for TransactionCounter {
    async fn begin(&self, name: TransactionName) -> Result<Box<dyn IssuerRepository>, StoreError> {
        self.begun.lock().unwrap().push(("write", name.as_str()));
        self.database.begin(name).await
    }

    async fn read(&self, name: TransactionName) -> Result<Box<dyn IssuerReader>, StoreError> {
        self.begun.lock().unwrap().push(("read", name.as_str()));
        self.database.read(name).await
    }

    async fn ready(&self) -> Result<Availability, StoreError> {
        self.database.ready().await
    }

    fn storage_keys(&self) -> Arc<StorageKeys> {
        self.database.storage_keys()
    }
}

/// Starts an issuer with high limits, and returns the record of its transactions.
async fn counting(
    change: impl FnOnce(&mut anteroom_issuer::IssuerParts),
) -> (TestIssuer, Transactions) {
    let begun = Transactions::default();
    let plenty = LoginLimits::default().token;
    let options = TestIssuerOptions {
        login: TestLoginOptions {
            limits: LoginLimits {
                login: plenty,
                ..LoginLimits::default()
            },
            ..TestLoginOptions::default()
        },
        http: HttpLimits {
            request_timeout: PATIENCE,
            ..HttpLimits::default()
        },
        ..TestIssuerOptions::default()
    };
    let params = IssuingParams::new(Mode::Standard, Vec::new(), Vec::new());
    let issuer = TestIssuer::start_with_parts(options, params, |parts| {
        parts.accounts.database = Arc::new(TransactionCounter {
            database: Arc::clone(&parts.accounts.database),
            begun: Arc::clone(&begun),
        });
        change(parts);
    })
    .await;
    (issuer, begun)
}

#[tokio::test]
async fn unknown_emails_and_wrong_passwords_cost_the_same_200_times() {
    let metrics = Arc::new(Mutex::new(None));
    let kept = Arc::clone(&metrics);
    let (issuer, begun) = counting(move |parts| {
        *kept.lock().unwrap() = Some(parts.accounts.metrics.clone());
    })
    .await;
    let metrics = metrics.lock().unwrap().clone().unwrap();
    let hashes = || async {
        let request = http::Request::get("/metrics").body(axum::body::Body::empty());
        let answer = metrics_router(&metrics)
            .oneshot(request.unwrap())
            .await
            .unwrap();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8(body.to_vec()).unwrap();
        let line = text
            .lines()
            .find(|line| line.starts_with("anteroom_password_hashes_total"));
        line.unwrap()
            .split(' ')
            .nth(1)
            .unwrap()
            .parse::<u64>()
            .unwrap()
    };
    let mut answers = Vec::new();
    for n in 0..200 {
        let known = format!("known{n}@example.com");
        issuer
            .add_login(TestLogin::new(&known, "correct horse"))
            .await;
        for email in [known, format!("unknown{n}@example.com")] {
            issuer.clock.advance(1);
            begun.lock().unwrap().clear();
            let before = hashes().await;
            let body = json!({ "email": email, "password": "another horse" });
            let answer = post(&issuer, "/auth/login", &body).await;
            assert_eq!(hashes().await - before, 1);
            assert_eq!(
                *begun.lock().unwrap(),
                [("read", "look up login"), ("write", "count failed login")]
            );
            let mut headers = answer.headers.clone();
            headers.remove("x-request-id");
            answers.push((answer.status, headers, answer.body));
        }
    }
    assert_eq!(answers.len(), 400);
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}

#[tokio::test]
async fn a_limited_attempt_begins_no_transaction() {
    let (issuer, begun) = counting(|parts| {
        parts.accounts.login.settings.limits = LoginLimits::default();
    })
    .await;
    let body = json!({ "email": "ann@example.com", "password": "correct horse" });
    for n in 0..20 {
        begun.lock().unwrap().clear();
        let answer = post(&issuer, "/auth/login", &body).await;
        if n >= 10 {
            assert_eq!(answer.status, 429);
            assert_eq!(begun.lock().unwrap().len(), 0);
        } else {
            assert_ne!(answer.status, 429);
        }
    }
}

#[tokio::test]
async fn malformed_and_foreign_credentials_cost_one_look_up_each() {
    let (issuer, begun) = counting(|_| {}).await;
    let request = |authorization: Option<&str>| {
        let mut request = http::Request::get("/v1/accounts/whoami");
        if let Some(text) = authorization {
            request = request.header("authorization", text);
        }
        request.body(axum::body::Body::empty()).unwrap()
    };
    for authorization in [
        None,
        Some("Basic x"),
        Some("Bearer x"),
        Some("Bearer a.b.c"),
        Some("Digest x"),
    ] {
        begun.lock().unwrap().clear();
        let answer = crate::support::call(&issuer, request(authorization)).await;
        assert_eq!(answer.status, 401);
        let begun = begun.lock().unwrap();
        assert_eq!(begun.len(), 1, "{authorization:?}");
        assert_eq!(begun[0].0, "read");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_storm_of_logins_is_answered_or_told_to_try_again() {
    // One slow hash runs at a time.
    let (issuer, _) = counting(|parts| {
        let cost = HashCost {
            memory_kib: TestLoginOptions::CHEAP.memory_kib,
            passes: TestLoginOptions::CHEAP.passes.saturating_add(99),
        };
        let mut rng = parts.accounts.entropy.rng();
        let limits = HashQueueLimits {
            longest_wait: PATIENCE,
            ..HashQueueLimits::new(NonZeroUsize::MIN)
        };
        parts.accounts.login.hasher =
            PasswordHasher::new(cost, limits, &parts.accounts.metrics, &mut *rng).unwrap();
    })
    .await;
    let attempts = (0..60).map(|n| {
        let body = json!({ "email": format!("user{n}@example.com"), "password": "correct horse" });
        let issuer = &issuer;
        async move { post_from(issuer, &format!("198.51.100.{n}"), "/auth/login", &body).await }
    });
    let answers = futures::future::join_all(attempts).await;
    let (busy, answered): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer.status == 503);
    assert!(answered.iter().all(|answer| answer.status == 401));
    // At least the maximum number of waiting attempts. The others are refused at once.
    assert!(answered.len() >= 33, "{}", answered.len());
    for answer in busy {
        answer.assert_problem(503, "OVERLOADED", "The service is busy. Please try again.");
        assert_eq!(answer.header("retry-after"), Some("5"));
    }
}
