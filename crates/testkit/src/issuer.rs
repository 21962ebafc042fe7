//! An issuer on a free port, over a new database.

use std::{
    num::{NonZeroU32, NonZeroUsize},
    sync::Arc,
};

use anteroom_accounts::{AccountsParts, Guests};
use anteroom_http_server::{ConnectionLimits, HttpLimits, serve};
use anteroom_issuer::{
    CertificateParams, DatedParams, Issuer, IssuerLimits, IssuerParts, IssuingParams, router,
};
use anteroom_protocol::{
    DAY, GenericPublicParams, GenericSecretParams, GroupServerPublicParams,
    GroupServerSecretParams, Mode, Randomness, Timestamp,
};
use anteroom_runtime::{Clock as _, Entropy, LocalLimiter, Metrics, Pseudonymizer};
use anteroom_store::{DeviceId, IssuerDatabase as _, MasterKey};
use anteroom_store_sqlite::{SqliteIssuer, SqliteOptions};
use anteroom_turn::Relays;
use axum::Router;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use zeroize::Zeroizing;

use crate::{
    CapturedEvents, CapturedMails, LogGuard, MockClock, RecordedDelays, SeededEntropy, TestAccount,
    TestLoginOptions,
    account::{add_account, add_device},
    metrics_text,
};

/// The options of a test issuer.
#[derive(Clone, Copy, Debug)]
pub struct TestIssuerOptions {
    /// The mode of the generic params.
    pub mode: Mode,
    /// The moment that the clock shows.
    pub now: Timestamp,
    /// Whether there are generic params.
    pub generic_params: bool,
    /// Whether there are group params.
    pub group_params: bool,
    /// Whether there is a key of certificates.
    pub certificate_params: bool,
    /// The sizes of the rate limits.
    pub limits: IssuerLimits,
    /// The limits of requests.
    pub http: HttpLimits,
    /// The seed of all randomness.
    pub seed: u64,
    /// The options of logins.
    pub login: TestLoginOptions,
}

impl TestIssuerOptions {
    /// Returns the default options of an issuer that takes guests.
    #[must_use]
    pub fn with_guests() -> Self {
        let mut options = Self::default();
        options.login.guests = Guests::Join;
        options
    }
}

impl Default for TestIssuerOptions {
    fn default() -> Self {
        Self {
            mode: Mode::Standard,
            now: Timestamp::from_secs(20_000 * DAY + 12_345),
            generic_params: true,
            group_params: true,
            certificate_params: true,
            limits: IssuerLimits::default(),
            http: HttpLimits::default(),
            seed: 1,
            login: TestLoginOptions::default(),
        }
    }
}

/// A running issuer with one account, which has a PNI. The issuer stops when the value is dropped, and the
/// test fails then if a sensitive value was logged or is in the raw bytes of the database ([`LogGuard`]).
pub struct TestIssuer {
    /// The clock of the issuer.
    pub clock: MockClock,
    /// The events of the issuer.
    pub events: CapturedEvents,
    /// The mails of the issuer.
    pub mails: CapturedMails,
    /// The delays of login attempts, which are recorded and end immediately.
    pub delays: RecordedDelays,
    /// The issuer itself, for calls outside HTTP.
    pub issuer: Issuer,
    /// The issuer's database. A test closes it to simulate its loss.
    pub database: SqliteIssuer,
    /// The account created at the start.
    pub account: TestAccount,
    /// The public generic params, if there are any.
    pub generic_params: Option<GenericPublicParams>,
    /// The public group params, if there are any.
    pub group_params: Option<GroupServerPublicParams>,
    /// The public params of guests, if the options allow guests.
    pub guest_params: Option<GenericPublicParams>,
    /// The key of certificates, if there is one.
    pub certificate_params: Option<CertificateParams>,
    /// The pseudonyms of accounts in events.
    pub pseudonymizer: Pseudonymizer,
    router: Router,
    base_url: String,
    entropy: Arc<SeededEntropy>,
    metrics: Metrics,
    directory: TempDir,
    _server: DropGuard,
}

impl TestIssuer {
    /// Starts an issuer on a free port of the loopback interface.
    pub async fn start() -> Self {
        Self::start_with(TestIssuerOptions::default()).await
    }

    /// Starts an issuer with these options and new params.
    ///
    /// # Panics
    /// A part of the issuer cannot be set up.
    pub async fn start_with(options: TestIssuerOptions) -> Self {
        Self::start_with_relays(options, Relays::none()).await
    }

    /// Starts an issuer with these options and new params that grants credentials for relays.
    ///
    /// # Panics
    /// A part of the issuer cannot be set up.
    pub async fn start_with_relays(options: TestIssuerOptions, relays: Relays) -> Self {
        let guard = LogGuard::global();
        let entropy = SeededEntropy::new(options.seed.wrapping_add(1));
        let generic = options.generic_params.then(|| {
            GenericSecretParams::generate(options.mode, Randomness::random(&mut *entropy.rng()))
        });
        let group = options.group_params.then(|| {
            let mut rng = entropy.rng();
            let credential = Randomness::random(&mut *rng);
            GroupServerSecretParams::generate(credential, Randomness::random(&mut *rng))
        });
        let guest = (options.login.guests != Guests::Off).then(|| {
            let randomness = Randomness::random(&mut *entropy.rng());
            GenericSecretParams::generate(Mode::Standard, randomness)
        });
        let generic_params = generic
            .as_ref()
            .map(|params| params.public_params().clone());
        let group_params = group.as_ref().map(|params| params.public_params().clone());
        let guest_params = guest.as_ref().map(|params| params.public_params().clone());
        if let Some(params) = &generic {
            guard.watch_bytes("generic secret params", &params.to_bytes());
        }
        if let Some(params) = &group {
            guard.watch_bytes("group secret params", &params.to_bytes());
        }
        if let Some(params) = &guest {
            guard.watch_bytes("guest secret params", &params.to_bytes());
        }
        let certificates = options
            .certificate_params
            .then(|| CertificateParams::random(&mut *entropy.rng()));
        if let Some(params) = &certificates {
            guard.watch_bytes("key of certificates", &params.to_bytes());
        }
        let certificate_params = certificates.clone();
        let params = IssuingParams::new(options.mode, live(generic), live(group))
            .with_certificates(live(certificates))
            .with_guests(live(guest));
        let mut issuer =
            Self::start_with_parts(options, params, |parts| parts.relays = relays).await;
        issuer.generic_params = generic_params;
        issuer.group_params = group_params;
        issuer.guest_params = guest_params;
        issuer.certificate_params = certificate_params;
        issuer
    }

    /// Starts an issuer with these params instead of those of the options.
    ///
    /// # Panics
    /// A part of the issuer cannot be set up.
    pub async fn start_with_params(options: TestIssuerOptions, params: IssuingParams) -> Self {
        Self::start_with_parts(options, params, |_| {}).await
    }

    /// Starts an issuer whose parts are changed before they are assembled.
    ///
    /// # Panics
    /// A part of the issuer cannot be set up.
    pub async fn start_with_parts(
        options: TestIssuerOptions,
        params: IssuingParams,
        change: impl FnOnce(&mut IssuerParts),
    ) -> Self {
        let clock = MockClock::at(options.now);
        let entropy = Arc::new(SeededEntropy::of_this_test(options.seed));
        let events = CapturedEvents::default();
        let directory = tempfile::tempdir().expect("a temporary directory");
        let database = open(&directory, &options, &entropy).await;
        let account = add_account(&database, true, options.now, &*entropy).await;
        let pseudonymizer = {
            let database = database.clone();
            Pseudonymizer::following(move || {
                Zeroizing::new(*database.storage_keys().event_key().as_bytes())
            })
        };
        let metrics = Metrics::new(Arc::new(events.clone()), Arc::new(clock.clone()));
        let mails = CapturedMails::default();
        let delays = RecordedDelays::default();
        let login = options.login.parts(&mails, &delays, &metrics, &entropy);
        let mut parts = IssuerParts {
            accounts: AccountsParts {
                database: Arc::new(database.clone()),
                clock: Arc::new(clock.clone()),
                entropy: Arc::clone(&entropy) as Arc<dyn Entropy>,
                events: Arc::new(events.clone()),
                limiter: Arc::new(LocalLimiter::new(NonZeroUsize::MIN.saturating_add(9_999))),
                pseudonymizer: pseudonymizer.clone(),
                http: options.http,
                metrics: metrics.clone(),
                login,
            },
            params,
            limits: options.limits,
            workers: NonZeroUsize::MIN.saturating_add(1),
            dependencies: Vec::new(),
            relays: Relays::none(),
        };
        change(&mut parts);
        let issuer = Issuer::new(parts);
        let router = router(issuer.clone());
        let (base_url, server) = listen(router.clone()).await;
        Self {
            clock,
            events,
            mails,
            delays,
            issuer,
            database,
            account,
            generic_params: None,
            group_params: None,
            guest_params: None,
            certificate_params: None,
            pseudonymizer,
            router,
            base_url,
            entropy,
            metrics,
            directory,
            _server: server,
        }
    }

    /// Returns the base URL, `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Returns the router, for calls without a connection.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// Returns the text of `GET /metrics` on the admin listener.
    pub async fn metrics(&self) -> String {
        metrics_text(&self.metrics).await
    }

    /// Returns the directory of the database's files.
    #[must_use]
    pub fn directory(&self) -> &std::path::Path {
        self.directory.path()
    }

    /// Returns the issuer's randomness.
    #[must_use]
    pub fn entropy(&self) -> &SeededEntropy {
        &self.entropy
    }

    /// Adds an account with one device.
    ///
    /// # Panics
    /// The database refuses the row.
    pub async fn add_account(&self, with_pni: bool) -> TestAccount {
        add_account(&self.database, with_pni, self.clock.now(), &*self.entropy).await
    }

    /// Adds a device to an account, and returns the account with this device.
    ///
    /// # Panics
    /// The database refuses the row.
    pub async fn add_device(&self, account: &TestAccount, device: DeviceId) -> TestAccount {
        add_device(
            &self.database,
            account,
            device,
            self.clock.now(),
            &*self.entropy,
        )
        .await
    }
}

/// Serves until the guard is dropped.
async fn listen(router: Router) -> (String, DropGuard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("the port's address");
    let stop = CancellationToken::new();
    let stopped = stop.clone().cancelled_owned();
    tokio::spawn(serve(
        listener,
        router,
        ConnectionLimits::default(),
        stopped,
    ));
    (format!("http://{address}"), stop.drop_guard())
}

impl Drop for TestIssuer {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            LogGuard::global().assert_clean();
            LogGuard::global().assert_absent_from(self.directory.path());
        }
    }
}

fn live<T>(params: Option<T>) -> Vec<DatedParams<T>> {
    let live = params.map(|params| DatedParams {
        params,
        not_before: Timestamp::from_secs(0),
        not_after: None,
    });
    live.into_iter().collect()
}

async fn open(
    directory: &TempDir,
    options: &TestIssuerOptions,
    entropy: &SeededEntropy,
) -> SqliteIssuer {
    let master = MasterKey::random(&mut *entropy.rng());
    LogGuard::global().watch_text("master key", &master.to_text());
    let readers = NonZeroU32::MIN.saturating_add(1);
    let sqlite = SqliteOptions::new(directory.path().join("issuer.db")).readers(readers);
    SqliteIssuer::open(&sqlite, &master, options.now, &mut *entropy.rng())
        .await
        .expect("a fresh database")
}
