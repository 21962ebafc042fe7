//! Signing in at a running issuer.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    time::Duration,
};

use anteroom_client::{
    DayRange, DeviceCredentials, DeviceId, ExchangeError, IssuerClient, IssuerError, LockedSession,
    LoginClient, LoginSession, MemoryPins, MemorySession, SessionGrant, SessionStore,
    SessionStoreError, SignIn, Timeouts, TransportFailure, Trust,
};
use anteroom_runtime::Clock as _;
use anteroom_testkit::{TestIssuer, TestLogin};
use futures::future::join_all;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::task::spawn_blocking;
use zeroize::Zeroizing;

const EMAIL: &str = "ann@example.org";
const PASSWORD: &str = "correct horse";
/// A time longer than the lifetime of an access token, in seconds.
const LATER: u64 = 16 * 60;

/// A store that counts its writes, and that a test can make fail or block.
#[derive(Clone, Debug, Default)]
struct InstrumentedStore {
    inner: MemorySession,
    stored: Arc<AtomicUsize>,
    is_full: Arc<AtomicBool>,
    barrier: Arc<Mutex<Option<WriteBarrier>>>,
}

#[derive(Debug)]
struct WriteBarrier {
    reached: Sender<()>,
    open: Receiver<()>,
}

struct InstrumentedLock(InstrumentedStore, Box<dyn LockedSession>);

impl SessionStore for InstrumentedStore {
    fn lock(&self) -> Result<Box<dyn LockedSession>, SessionStoreError> {
        let locked = self.inner.lock()?;
        if let Some(barrier) = self.barrier.lock().unwrap().take() {
            barrier.reached.send(()).unwrap();
            barrier.open.recv().unwrap();
        }
        Ok(Box::new(InstrumentedLock(self.clone(), locked)))
    }
}

impl LockedSession for InstrumentedLock {
    fn load(&mut self) -> Result<Option<SessionGrant>, SessionStoreError> {
        self.1.load()
    }

    fn replace(&mut self, session: &SessionGrant) -> Result<(), SessionStoreError> {
        if self.0.is_full.load(Ordering::SeqCst) {
            return Err(SessionStoreError::new("the disk is full"));
        }
        self.0.stored.fetch_add(1, Ordering::SeqCst);
        self.1.replace(session)
    }

    fn remove(&mut self) -> Result<(), SessionStoreError> {
        self.1.remove()
    }
}

impl InstrumentedStore {
    /// Returns how often a session was stored since the last call.
    fn stored(&self) -> usize {
        self.stored.swap(0, Ordering::SeqCst)
    }

    async fn load(&self) -> Option<SessionGrant> {
        let inner = self.inner.clone();
        let load = move || inner.lock().unwrap().load().unwrap();
        spawn_blocking(load).await.unwrap()
    }

    async fn refresh_token(&self) -> String {
        let session = self.load().await.unwrap();
        session.tokens.refresh.expose_secret().to_owned()
    }

    async fn put(&self, session: SessionGrant) {
        let inner = self.inner.clone();
        let put = move || inner.lock().unwrap().replace(&session).unwrap();
        spawn_blocking(put).await.unwrap();
    }
}

fn timeouts() -> Timeouts {
    Timeouts {
        connect: Duration::from_secs(30),
        request: Duration::from_secs(60),
    }
}

fn login_client(issuer: &TestIssuer) -> LoginClient {
    LoginClient::new(issuer.base_url(), timeouts()).unwrap()
}

fn attempt(password: &str, device: Option<DeviceId>) -> SignIn {
    SignIn {
        email: Zeroizing::new(EMAIL.to_owned()),
        password: SecretString::from(password),
        remember: false,
        device,
        device_name: Some("A laptop".to_owned()),
        last_refresh: None,
    }
}

async fn start(issuer: &TestIssuer, store: &InstrumentedStore) -> LoginSession {
    let attempt = attempt(PASSWORD, None);
    let store = Arc::new(store.clone());
    LoginSession::start(login_client(issuer), &attempt, store)
        .await
        .unwrap()
}

/// Resumes the session as another process with the same store does.
async fn resume(issuer: &TestIssuer, store: &InstrumentedStore) -> LoginSession {
    let session = store.load().await.unwrap();
    LoginSession::resume(login_client(issuer), session, Arc::new(store.clone()))
}

fn client(issuer: &TestIssuer, session: &LoginSession) -> IssuerClient {
    IssuerClient::new(issuer.base_url(), session.clone(), timeouts()).unwrap()
}

async fn signed_in() -> (TestIssuer, InstrumentedStore, LoginSession) {
    let issuer = TestIssuer::start().await;
    issuer.add_login(TestLogin::new(EMAIL, PASSWORD)).await;
    let store = InstrumentedStore::default();
    let session = start(&issuer, &store).await;
    assert_eq!(store.stored(), 1);
    (issuer, store, session)
}

fn wait(issuer: &TestIssuer) {
    issuer.clock.set(issuer.clock.now().plus(LATER));
}

#[tokio::test]
async fn a_login_does_what_a_devices_password_does() {
    let issuer = TestIssuer::start().await;
    let aci = issuer.add_login(TestLogin::new(EMAIL, PASSWORD)).await;
    let store = InstrumentedStore::default();
    let session = start(&issuer, &store).await;
    let client = client(&issuer, &session);
    let me = client.whoami().await.unwrap();
    assert_eq!((me.aci, me.device), (aci, DeviceId::PRIMARY));
    let pins = MemoryPins::default();
    let now = issuer.clock.now();
    let params = client.params(&pins, Trust::FirstUse, now).await.unwrap();
    let week = DayRange::week_from(now);
    let days = client.day_credentials(&me, week, &params, now).await;
    assert_eq!(days.unwrap().len(), 8);
    assert_eq!(store.load().await.unwrap().email.as_str(), EMAIL);
    let shown = format!("{session:?}{client:?}{:?}", attempt(PASSWORD, None));
    for secret in [EMAIL, PASSWORD, &store.refresh_token().await] {
        assert!(!shown.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn refusals_name_their_code() {
    let issuer = TestIssuer::start().await;
    let aci = issuer.add_login(TestLogin::new(EMAIL, PASSWORD)).await;
    let client = login_client(&issuer);
    let code = async |attempt: SignIn| match client.sign_in(&attempt).await {
        Err(IssuerError::Problem(problem)) => problem.code,
        other => unreachable!("{other:?}"),
    };
    let wrong = code(attempt("wrong horse", None)).await;
    assert_eq!(wrong, "LOGIN_INVALID_CREDENTIALS");
    let short = code(attempt("short", None)).await;
    assert_eq!(short, "LOGIN_VALIDATION_ERROR");
    let mut long = attempt(PASSWORD, None);
    long.device_name = Some("x".repeat(101));
    assert_eq!(code(long).await, "DEVICE_DISPLAY_NAME_TOO_LONG");
    issuer.set_disabled(&aci, true).await;
    let disabled = code(attempt(PASSWORD, None)).await;
    assert_eq!(disabled, "LOGIN_ACCOUNT_DISABLED");
}

#[tokio::test]
async fn many_requests_at_once_renew_once() {
    let (issuer, store, session) = signed_in().await;
    let client = client(&issuer, &session);
    for _ in 0..3 {
        wait(&issuer);
        let answers = join_all((0..20).map(|_| client.whoami())).await;
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
        assert_eq!(store.stored(), 1);
    }
}

#[tokio::test]
async fn processes_that_share_a_session_renew_once() {
    let (issuer, store, _) = signed_in().await;
    for _ in 0..3 {
        let mut clients = Vec::new();
        for _ in 0..10 {
            clients.push(client(&issuer, &resume(&issuer, &store).await));
        }
        wait(&issuer);
        let answers = join_all(clients.iter().map(IssuerClient::whoami)).await;
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
        assert_eq!(store.stored(), 1);
    }
}

#[tokio::test]
async fn without_an_access_token_the_first_request_renews() {
    let (issuer, store, _) = signed_in().await;
    let mut session = store.load().await.unwrap();
    session.tokens.access = None;
    store.put(session).await;
    let client = client(&issuer, &resume(&issuer, &store).await);
    client.whoami().await.unwrap();
    assert_eq!(store.stored(), 1);
}

#[tokio::test]
async fn a_renewal_goes_on_when_nobody_waits_for_it() {
    let (issuer, store, session) = signed_in().await;
    let before = store.refresh_token().await;
    wait(&issuer);
    let (reached, is_reached) = channel();
    let (opener, open) = channel();
    *store.barrier.lock().unwrap() = Some(WriteBarrier { reached, open });
    let client = Arc::new(client(&issuer, &session));
    let request = {
        let client = Arc::clone(&client);
        tokio::spawn(async move { client.whoami().await })
    };
    spawn_blocking(move || is_reached.recv().unwrap())
        .await
        .unwrap();
    request.abort();
    assert!(request.await.unwrap_err().is_cancelled());
    opener.send(()).unwrap();
    // The next request waits for the renewal.
    client.whoami().await.unwrap();
    assert_eq!(store.stored(), 1);
    assert_ne!(store.refresh_token().await, before);
}

#[tokio::test]
async fn tokens_that_could_not_be_stored_are_not_lost() {
    let (issuer, store, session) = signed_in().await;
    let client = client(&issuer, &session);
    wait(&issuer);
    store.is_full.store(true, Ordering::SeqCst);
    let failed = client.whoami().await.unwrap_err();
    assert!(matches!(failed, IssuerError::Session(_)), "{failed}");
    // The access token arrived, and is valid.
    client.whoami().await.unwrap();
    wait(&issuer);
    store.is_full.store(false, Ordering::SeqCst);
    client.whoami().await.unwrap();
    assert_eq!(store.stored(), 1);
    let other = resume(&issuer, &store).await;
    wait(&issuer);
    self::client(&issuer, &other).whoami().await.unwrap();
}

#[tokio::test]
async fn a_crash_before_the_new_token_is_stored_ends_the_session_and_no_more() {
    let (issuer, store, session) = signed_in().await;
    let before = store.load().await.unwrap();
    wait(&issuer);
    client(&issuer, &session).whoami().await.unwrap();
    store.put(before).await;
    let after = resume(&issuer, &store).await;
    wait(&issuer);
    for _ in 0..2 {
        let ended = client(&issuer, &after).whoami().await.unwrap_err();
        assert!(matches!(ended, IssuerError::SessionEnded), "{ended}");
    }
    let again = attempt(PASSWORD, Some(after.device()));
    let again = LoginSession::start(login_client(&issuer), &again, Arc::new(store.clone()));
    let again = again.await.unwrap();
    assert_eq!(again.device(), session.device());
    client(&issuer, &again).whoami().await.unwrap();
}

#[tokio::test]
async fn a_crash_is_made_good_within_ten_seconds() {
    let (issuer, store, session) = signed_in().await;
    let before = store.load().await.unwrap();
    wait(&issuer);
    client(&issuer, &session).whoami().await.unwrap();
    let renewed = store.refresh_token().await;
    store.put(before).await;
    issuer.clock.set(issuer.clock.now().plus(10));
    let after = resume(&issuer, &store).await;
    client(&issuer, &after).whoami().await.unwrap();
    assert_eq!(store.refresh_token().await, renewed);
}

#[tokio::test]
async fn signing_out_everywhere_ends_all_sessions() {
    let (issuer, store, session) = signed_in().await;
    let elsewhere = InstrumentedStore::default();
    let other = start(&issuer, &elsewhere).await;
    client(&issuer, &other).whoami().await.unwrap();
    session.sign_out_everywhere().await.unwrap();
    assert!(store.load().await.is_none());
    let ended = client(&issuer, &other).whoami().await.unwrap_err();
    assert!(matches!(ended, IssuerError::SessionEnded), "{ended}");
    let ended = other.sign_out_everywhere().await.unwrap_err();
    assert!(matches!(ended, IssuerError::SessionEnded), "{ended}");
    assert!(elsewhere.load().await.is_some());
}

#[tokio::test]
async fn the_last_refresh_token_shows_that_the_device_is_known() {
    let (issuer, store, session) = signed_in().await;
    let last = store.load().await.unwrap().tokens.refresh;
    let client = login_client(&issuer);
    for _ in 0..5 {
        client
            .sign_in(&attempt("wrong horse", None))
            .await
            .unwrap_err();
    }
    let mut again = attempt(PASSWORD, Some(session.device()));
    let locked = client.sign_in(&again).await.unwrap_err();
    assert!(
        locked.to_string().contains("LOGIN_ACCOUNT_LOCKED"),
        "{locked}"
    );
    again.last_refresh = Some(last);
    assert_eq!(
        client.sign_in(&again).await.unwrap().device,
        session.device()
    );
}

#[tokio::test]
async fn a_disabled_account_is_signed_out() {
    let (issuer, _store, session) = signed_in().await;
    let client = client(&issuer, &session);
    issuer.set_disabled(&session.aci(), true).await;
    let ended = client.whoami().await.unwrap_err();
    assert!(matches!(ended, IssuerError::SessionEnded), "{ended}");
}

#[tokio::test]
async fn signing_out_ends_all_tokens_here_and_there() {
    let (issuer, store, session) = signed_in().await;
    let other = resume(&issuer, &store).await;
    let kept = store.load().await.unwrap();
    session.sign_out().await.unwrap();
    assert!(store.load().await.is_none());
    let ended = client(&issuer, &other).whoami().await.unwrap_err();
    assert!(matches!(ended, IssuerError::SessionEnded), "{ended}");
    let refused = login_client(&issuer).refresh(&kept.tokens.refresh).await;
    assert!(matches!(refused, Err(IssuerError::SessionEnded)));
}

#[tokio::test]
async fn signing_out_works_without_the_issuer() {
    let (issuer, store, _) = signed_in().await;
    let nowhere = "http://127.0.0.1:1";
    let away = LoginClient::new(nowhere, timeouts()).unwrap();
    let stored = store.load().await.unwrap();
    let session = LoginSession::resume(away, stored, Arc::new(store.clone()));
    let failed = session.sign_out().await.unwrap_err();
    assert!(
        matches!(
            failed,
            IssuerError::Exchange(ExchangeError {
                failure: TransportFailure::Unreachable(_),
                ..
            })
        ),
        "{failed}"
    );
    assert!(store.load().await.is_none());
    drop(issuer);
}

#[tokio::test]
async fn a_new_login_ends_the_one_that_was_stored() {
    let (issuer, store, first) = signed_in().await;
    let second = start(&issuer, &store).await;
    assert_ne!(first.device(), second.device());
    client(&issuer, &second).whoami().await.unwrap();
    // The stored session belongs to another device.
    let ended = client(&issuer, &first).whoami().await.unwrap_err();
    assert!(matches!(ended, IssuerError::SessionEnded), "{ended}");
    client(&issuer, &second).whoami().await.unwrap();
    // Signing out does not remove the stored session of the other device either.
    let _ended_before = first.sign_out().await;
    assert_eq!(store.load().await.unwrap().device, second.device());
    client(&issuer, &second).whoami().await.unwrap();
}

#[tokio::test]
async fn a_session_that_could_not_be_stored_never_takes_the_place_of_another() {
    let (issuer, store, first) = signed_in().await;
    let client = client(&issuer, &first);
    wait(&issuer);
    store.is_full.store(true, Ordering::SeqCst);
    client.whoami().await.unwrap_err();
    store.is_full.store(false, Ordering::SeqCst);
    let second = start(&issuer, &store).await;
    wait(&issuer);
    let ended = client.whoami().await.unwrap_err();
    assert!(matches!(ended, IssuerError::SessionEnded), "{ended}");
    assert_eq!(store.load().await.unwrap().device, second.device());
}

#[tokio::test]
async fn a_login_that_cannot_be_stored_leaves_no_session() {
    let issuer = TestIssuer::start().await;
    issuer.add_login(TestLogin::new(EMAIL, PASSWORD)).await;
    let store = InstrumentedStore::default();
    store.is_full.store(true, Ordering::SeqCst);
    let attempt = attempt(PASSWORD, None);
    let started = LoginSession::start(login_client(&issuer), &attempt, Arc::new(store.clone()));
    let failed = started.await.unwrap_err();
    assert!(matches!(failed, IssuerError::Session(_)), "{failed}");
    assert!(store.load().await.is_none());
}

#[tokio::test]
async fn tokens_go_to_their_own_issuer_alone() {
    let (issuer, _store, session) = signed_in().await;
    let other = IssuerClient::new("http://127.0.0.1:1", session.clone(), timeouts());
    assert!(matches!(
        other,
        Err(IssuerError::Exchange(ExchangeError {
            failure: TransportFailure::BaseUrl(_),
            ..
        }))
    ));
    drop(issuer);
}

#[tokio::test]
async fn a_login_older_than_five_minutes_shows_the_password_again_to_change_devices() {
    let issuer = TestIssuer::start().await;
    issuer.add_login(TestLogin::new(EMAIL, PASSWORD)).await;
    let store = InstrumentedStore::default();
    let session = start(&issuer, &store).await;
    let (aci, own) = (session.aci(), session.device());
    let client = IssuerClient::new(issuer.base_url(), session, timeouts()).unwrap();
    // A new login needs no password.
    let phone = client.register_device("Phone", None).await.unwrap();
    let tablet = client.register_device("Tablet", None).await.unwrap();
    assert!(!format!("{phone:?}").contains(phone.password.expose_secret()));
    issuer.clock.advance(5 * 60);
    for refused in [
        client.register_device("Watch", None).await.map(drop),
        client.rename_device(phone.id, "Old phone", None).await,
        client.delete_device(tablet.id, None).await,
    ] {
        let error = refused.unwrap_err();
        assert!(matches!(error, IssuerError::PasswordNeeded), "{error}");
    }
    // A device may always rename itself.
    client.rename_device(own, "Laptop", None).await.unwrap();
    // A wrong password is sent once, and does not count as an expired token.
    store.stored();
    let wrong = SecretString::from("wrong password");
    let refused = client.delete_device(tablet.id, Some(&wrong)).await;
    let error = refused.unwrap_err();
    assert!(
        matches!(&error, IssuerError::Problem(problem) if problem.code == "LOGIN_INVALID_CREDENTIALS"),
        "{error}"
    );
    assert_eq!(store.stored(), 0);
    let right = SecretString::from(PASSWORD);
    let watch = client.register_device("Watch", Some(&right)).await.unwrap();
    let renamed = client.rename_device(phone.id, "Old phone", Some(&right));
    renamed.await.unwrap();
    client.delete_device(tablet.id, Some(&right)).await.unwrap();
    let listed = client.devices().await.unwrap();
    let listed: Vec<_> = listed
        .iter()
        .map(|device| (device.id, device.name.as_str(), device.current))
        .collect();
    let expected = [
        (own, "Laptop", true),
        (phone.id, "Old phone", false),
        (watch.id, "Watch", false),
    ];
    assert_eq!(listed, expected);
    // A registered device authenticates by itself.
    let device = DeviceCredentials::new(aci, phone.id, phone.password);
    let by_device = IssuerClient::new(issuer.base_url(), device, timeouts()).unwrap();
    assert_eq!(by_device.whoami().await.unwrap().device, phone.id);
    let needed = by_device.delete_device(watch.id, None).await.unwrap_err();
    assert!(matches!(needed, IssuerError::PasswordNeeded), "{needed}");
    // A device may always delete itself.
    client.delete_device(own, None).await.unwrap();
    assert_eq!(by_device.devices().await.unwrap().len(), 2);
}
