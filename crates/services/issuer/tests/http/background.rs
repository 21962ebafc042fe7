//! The jobs after an answer: they delay no answer, are bounded, and are the same for every address.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anteroom_accounts::{LoginLimits, SignUp};
use anteroom_issuer::IssuingParams;
use anteroom_protocol::Mode;
use anteroom_runtime::ClientAddress;
use anteroom_store::{
    Availability, IssuerDatabase, IssuerReader, IssuerRepository, StorageKeys, StoreError,
    TransactionName,
};
use anteroom_testkit::{
    LogGuard, MailCall, TestIssuer, TestIssuerOptions, TestLogin, TestLoginOptions,
};
use async_trait::async_trait;
use axum::body::Body;
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tower::ServiceExt as _;

use crate::support::post;

const ANN: &str = "ann@example.com";
const PASSWORD: &str = "correct horse";

/// A database that records transactions, and lets writing ones wait or fail.
#[derive(Debug)]
struct TransactionBarrier {
    database: Arc<dyn IssuerDatabase>,
    /// The number of writing transactions that may start.
    passes: Semaphore,
    failures: AtomicUsize,
    begun: Mutex<Vec<(&'static str, &'static str)>>,
}

struct BlockingDatabase(Arc<TransactionBarrier>);

impl std::fmt::Debug for BlockingDatabase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BlockingDatabase")
    }
}

#[async_trait]
impl IssuerDatabase for BlockingDatabase {
    async fn begin(&self, name: TransactionName) -> Result<Box<dyn IssuerRepository>, StoreError> {
        let barrier = &self.0;
        barrier.begun.lock().unwrap().push(("write", name.as_str()));
        barrier.passes.acquire().await.unwrap().forget();
        let fails = |left: usize| left.checked_sub(1);
        if barrier
            .failures
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, fails)
            .is_ok()
        {
            return Err(StoreError::InvalidValue {
                table: "test",
                column: "test",
            });
        }
        barrier.database.begin(name).await
    }

    async fn read(&self, name: TransactionName) -> Result<Box<dyn IssuerReader>, StoreError> {
        self.0.begun.lock().unwrap().push(("read", name.as_str()));
        self.0.database.read(name).await
    }

    async fn ready(&self) -> Result<Availability, StoreError> {
        Ok(Availability::ReadWrite)
    }

    fn storage_keys(&self) -> Arc<StorageKeys> {
        self.0.database.storage_keys()
    }
}

struct Scene {
    issuer: TestIssuer,
    barrier: Arc<TransactionBarrier>,
}

impl Scene {
    async fn new() -> Self {
        let plenty = LoginLimits::default().all_mails;
        let options = TestIssuerOptions {
            login: TestLoginOptions {
                sign_up: SignUp::Open,
                limits: LoginLimits {
                    reset: plenty,
                    sign_up: plenty,
                    mails_of_network: plenty,
                    ..LoginLimits::default()
                },
                ..TestLoginOptions::default()
            },
            ..TestIssuerOptions::default()
        };
        let mut barrier = None;
        let params = IssuingParams::new(Mode::Standard, Vec::new(), Vec::new());
        let issuer = TestIssuer::start_with_parts(options, params, |parts| {
            let shared = Arc::new(TransactionBarrier {
                database: Arc::clone(&parts.accounts.database),
                passes: Semaphore::new(0),
                failures: AtomicUsize::new(0),
                begun: Mutex::default(),
            });
            parts.accounts.database = Arc::new(BlockingDatabase(Arc::clone(&shared)));
            barrier = Some(shared);
        })
        .await;
        issuer.add_login(TestLogin::new(ANN, PASSWORD)).await;
        Self {
            issuer,
            barrier: barrier.unwrap(),
        }
    }

    /// Returns the answer without waiting for the jobs of the request.
    async fn post(&self, path: &str, body: &Value) -> Response<Body> {
        self.post_from("203.0.113.1", path, body).await
    }

    async fn post_from(&self, client: &str, path: &str, body: &Value) -> Response<Body> {
        let request = Request::post(path)
            .header("content-type", "application/json")
            .extension(ClientAddress::new(client.parse().unwrap()))
            .body(Body::from(body.to_string()));
        let answer = self.issuer.router().oneshot(request.unwrap()).await;
        answer.unwrap()
    }

    async fn ask(&self, email: &str) -> StatusCode {
        self.ask_from("203.0.113.1", email).await
    }

    async fn ask_from(&self, client: &str, email: &str) -> StatusCode {
        let (path, body) = ("/auth/password-reset", json!({ "email": email }));
        self.post_from(client, path, &body).await.status()
    }

    fn open(&self) {
        self.barrier.passes.add_permits(10_000);
    }

    async fn dropped(&self) -> u64 {
        let metrics = self.issuer.metrics().await;
        let name = "anteroom_background_jobs_dropped_total ";
        let number = metrics.lines().find_map(|line| line.strip_prefix(name));
        number.unwrap().parse().unwrap()
    }
}

#[tokio::test]
async fn the_answer_comes_before_the_look_up_the_token_and_the_mail() {
    let scene = Scene::new().await;
    LogGuard::global().watch_text("password", "another horse");
    for path in [
        "/auth/signup",
        "/auth/verify-email/resend",
        "/auth/password-reset",
    ] {
        let body = json!({ "email": ANN, "password": "another horse" });
        assert_eq!(scene.post(path, &body).await.status(), 202, "{path}");
    }
    assert_eq!(scene.issuer.mails.take().len(), 0);
    scene.open();
    scene.issuer.issuer.accounts().background_idle().await;
    let subjects: Vec<_> = scene
        .issuer
        .mails
        .take()
        .iter()
        .map(|mail| mail.subject)
        .collect();
    assert_eq!(
        subjects,
        ["You have an account already", "Choose a new password"]
    );
}

#[tokio::test]
async fn a_full_queue_is_told_before_anything_is_accepted() {
    let scene = Scene::new().await;
    for n in 0..500 {
        for client in ["203.0.113.1", "198.51.100.1"] {
            let email = format!("user{n}@example.com");
            assert_eq!(scene.ask_from(client, &email).await, 202, "{n}");
        }
    }
    for path in [
        "/auth/signup",
        "/auth/verify-email/resend",
        "/auth/password-reset",
    ] {
        let body = json!({ "email": ANN, "password": PASSWORD });
        let answer = scene.post(path, &body).await;
        assert_eq!(answer.status(), 503, "{path}");
        assert_eq!(answer.headers()["retry-after"], "5");
    }
    scene.open();
    scene.issuer.issuer.accounts().background_idle().await;
    assert_eq!(scene.ask(ANN).await, 202);
    scene.issuer.issuer.accounts().background_idle().await;
    assert_eq!(scene.issuer.mails.take().len(), 1);
    assert_eq!(scene.dropped().await, 0);
}

#[tokio::test]
async fn a_network_of_any_width_has_at_most_half_of_the_queue() {
    for client in [
        &(|_| "203.0.113.1".to_owned()) as &dyn Fn(usize) -> String,
        &|n| format!("2001:db8:0:{n:x}00::1"),
    ] {
        let scene = Scene::new().await;
        for n in 0..500 {
            let (client, email) = (client(n % 250), format!("user{n}@example.com"));
            assert_eq!(scene.ask_from(&client, &email).await, 202, "{client}");
        }
        assert_eq!(scene.ask_from(&client(251), ANN).await, 503);
        assert_eq!(scene.ask_from("198.51.100.1", ANN).await, 202);
        scene.open();
        scene.issuer.issuer.accounts().background_idle().await;
        assert_eq!(scene.ask_from(&client(251), ANN).await, 202);
    }
}

#[tokio::test]
async fn work_that_fails_is_tried_three_times_and_then_counted() {
    for (failures, mails) in [(0, 1), (2, 1), (3, 0)] {
        let scene = Scene::new().await;
        scene.open();
        scene.barrier.failures.store(failures, Ordering::SeqCst);
        assert_eq!(scene.ask(ANN).await, 202);
        scene.issuer.issuer.accounts().background_idle().await;
        assert_eq!(scene.issuer.mails.take().len(), mails, "{failures}");
        assert_eq!(scene.dropped().await, u64::from(mails == 0));
        let waits: Vec<_> = scene
            .issuer
            .delays
            .take()
            .iter()
            .map(Duration::as_secs)
            .collect();
        assert_eq!(waits, [1, 4][..failures.min(2)]);
        // The next request is not delayed.
        assert_eq!(scene.ask(ANN).await, 202);
        scene.issuer.issuer.accounts().background_idle().await;
        assert_eq!(scene.issuer.mails.take().len(), 1);
    }
}

#[tokio::test]
async fn a_stop_does_the_work_that_is_left_or_counts_it_when_patience_ends() {
    let scene = Scene::new().await;
    for n in 0..4 {
        assert_eq!(scene.ask(&format!("user{n}@example.com")).await, 202);
    }
    scene
        .issuer
        .issuer
        .accounts()
        .close_background(Duration::ZERO)
        .await;
    // The running job is not counted yet.
    assert!(scene.dropped().await >= 3);
    let scene = Scene::new().await;
    assert_eq!(scene.ask(ANN).await, 202);
    scene.open();
    scene
        .issuer
        .issuer
        .accounts()
        .close_background(Duration::from_secs(60))
        .await;
    assert_eq!(scene.issuer.mails.take().len(), 1);
    assert_eq!(scene.dropped().await, 0);
}

/// Returns the transactions and hashes of a request and its job.
async fn work(scene: &Scene, path: &str, email: &str) -> (Vec<(&'static str, &'static str)>, u64) {
    let hashes = async || {
        let metrics = scene.issuer.metrics().await;
        let name = "anteroom_password_hashes_total ";
        let number = metrics.lines().find_map(|line| line.strip_prefix(name));
        number.unwrap().parse::<u64>().unwrap()
    };
    scene.barrier.begun.lock().unwrap().clear();
    let before = hashes().await;
    let body = json!({ "email": email, "password": "another horse" });
    assert_eq!(scene.post(path, &body).await.status(), 202);
    scene.issuer.issuer.accounts().background_idle().await;
    let begun = scene.barrier.begun.lock().unwrap().clone();
    (begun, hashes().await - before)
}

#[tokio::test]
async fn known_and_unknown_addresses_cost_the_same_work_after_the_answer() {
    let scene = Scene::new().await;
    scene.open();
    for (path, hashes) in [
        ("/auth/password-reset", 0),
        ("/auth/verify-email/resend", 0),
        ("/auth/signup", 1),
        // With an unconfirmed sign-up, or its shadow.
        ("/auth/verify-email/resend", 0),
        ("/auth/password-reset", 0),
        ("/auth/signup", 1),
    ] {
        let known = work(&scene, path, ANN).await;
        let unknown = work(&scene, path, "bob@example.com").await;
        assert_eq!(known, unknown, "{path}");
        assert_eq!(known.1, hashes, "{path}");
        assert!(known.0.iter().any(|(kind, _)| *kind == "write"), "{path}");
    }
}

#[tokio::test]
async fn where_only_some_addresses_get_a_mail_a_decoy_takes_its_place_for_all_others() {
    const WAITING: &str = "waiting@example.com";
    const DISABLED: &str = "disabled@example.com";
    const NOBODY: &str = "nobody@example.com";
    let issuer = TestIssuer::start_with(TestIssuerOptions {
        login: TestLoginOptions {
            lock_mail: true,
            ..TestLoginOptions::default()
        },
        ..TestIssuerOptions::default()
    })
    .await;
    issuer.add_login(TestLogin::new(ANN, PASSWORD)).await;
    issuer
        .add_login(TestLogin {
            verified: false,
            ..TestLogin::new(WAITING, PASSWORD)
        })
        .await;
    let disabled = issuer.add_login(TestLogin::new(DISABLED, PASSWORD)).await;
    issuer.set_disabled(&disabled, true).await;
    for (path, times, mailed) in [
        ("/auth/password-reset", 1, &[ANN, WAITING][..]),
        ("/auth/verify-email/resend", 1, &[WAITING]),
        ("/auth/login", 5, &[ANN, DISABLED]),
    ] {
        for email in [ANN, WAITING, DISABLED, NOBODY] {
            let body = json!({ "email": email, "password": "wrong horse" });
            for _ in 0..times {
                post(&issuer, path, &body).await;
            }
            let mail_calls = issuer.mails.take_mail_calls();
            let [mail_call] = mail_calls.as_slice() else {
                panic!("{} mail calls", mail_calls.len());
            };
            let (to, is_mail) = match mail_call {
                MailCall::Mail(mail) => (&mail.to, true),
                MailCall::Decoy(to) => (to, false),
            };
            assert_eq!(to.as_str(), email, "{path}");
            assert_eq!(is_mail, mailed.contains(&email), "{path} {email}");
            issuer.clock.advance(61);
        }
    }
}
