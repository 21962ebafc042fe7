//! A room service on free ports, over a new database.

use std::{
    fmt,
    num::{NonZeroU32, NonZeroUsize},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use anteroom_http_server::{ConnectionLimits, HttpLimits, serve};
use anteroom_pages::WebAddress;
use anteroom_protocol::{DAY, GenericSecretParams, Mode, Randomness, Timestamp};
use anteroom_rooms::{
    CleanerSettings, ExternalMediaServer, GroupCallKey, LeaseSettings, Media, MediaBackend, Node,
    Origin, Rooms, RoomsParts, RoomsSettings, SfuSettings, SocketLimits, VerificationLimits,
    internal_router, router, verifier_keys,
};
use anteroom_runtime::{BucketSize, Clock as _, Entropy, LocalLimiter, Metrics, Pseudonymizer};
use anteroom_store::{
    MasterKey, RoomsDatabase as _, ServerParamsKind, ServerParamsRecord, TransactionName,
};
use anteroom_store_sqlite::{SqliteOptions, SqliteRooms};
use axum::Router;
use tempfile::TempDir;
use tokio::{net::TcpListener, runtime::Runtime};
use tokio_util::sync::{CancellationToken, DropGuard};
use zeroize::Zeroizing;

use crate::{CapturedEvents, LogGuard, MockClock, SeededEntropy, metrics_text};

/// The options of a test room service.
#[derive(Clone, Debug)]
pub struct TestRoomsOptions {
    /// The mode of the generic params.
    pub mode: Mode,
    /// The moment that the clock shows.
    pub now: Timestamp,
    /// The seed of all randomness.
    pub seed: u64,
    /// The limits of requests.
    pub http: HttpLimits,
    /// Whether new links get an epoch.
    pub epochs: bool,
    /// The maximum number of devices in a call.
    pub max_devices: u32,
    /// The maximum number of devices of one user in a call.
    pub devices_per_user: u32,
    /// The URLs of the media servers; without any, calls are embedded.
    pub media_servers: Vec<String>,
    /// The media server of the process.
    pub media: Option<TestMediaBackend>,
    /// The key of group tokens.
    pub group_key: Option<Vec<u8>>,
    /// The origins that may open sockets.
    pub origins: Vec<String>,
    /// The limits of sockets.
    pub sockets: SocketLimits,
    /// The budget of verifications.
    pub verifications: VerificationLimits,
    /// The limit of joins of guest accounts from one network; `None` for the default.
    pub guest_joins: Option<BucketSize>,
    /// The settings of the leases that assign calls to nodes.
    pub leases: LeaseSettings,
    /// The settings of the cleaner, which deletes dead records.
    pub cleaner: CleanerSettings,
    /// The region of the node.
    pub region: String,
    /// The page from which people download the program.
    pub program_page: Option<WebAddress>,
}

/// A media server of a test.
#[derive(Clone)]
pub struct TestMediaBackend(pub Arc<dyn MediaBackend>);

impl fmt::Debug for TestMediaBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TestMediaBackend(..)")
    }
}

impl Default for TestRoomsOptions {
    fn default() -> Self {
        Self {
            mode: Mode::Standard,
            now: Timestamp::from_secs(20_000 * DAY + 12_345),
            seed: 1,
            http: HttpLimits::default(),
            epochs: false,
            max_devices: 8,
            devices_per_user: 5,
            media_servers: Vec::new(),
            media: None,
            group_key: None,
            origins: Vec::new(),
            sockets: SocketLimits::default(),
            verifications: VerificationLimits::default(),
            guest_joins: None,
            leases: LeaseSettings::default(),
            cleaner: CleanerSettings::default(),
            region: "test".to_owned(),
            program_page: None,
        }
    }
}

/// A running room service: one node with the database, the clock and the events that it may share with
/// others. It runs on threads of its own, and stops without a shutdown when the value is dropped.
pub struct TestRooms {
    /// The clock of the service.
    pub clock: MockClock,
    /// The events of the service.
    pub events: CapturedEvents,
    /// The service's database.
    pub database: SqliteRooms,
    /// The service itself.
    pub rooms: Rooms,
    /// The pseudonyms of rooms in events.
    pub pseudonymizer: Pseudonymizer,
    metrics: Metrics,
    options: TestRoomsOptions,
    pub(crate) params: Arc<GenericSecretParams>,
    master: MasterKey,
    directory: Arc<TempDir>,
    pub(crate) entropy: Arc<SeededEntropy>,
    nodes: Arc<AtomicU64>,
    base_url: String,
    internal_url: String,
    _servers: [DropGuard; 2],
    runtime: Option<Runtime>,
}

impl TestRooms {
    /// Starts a room service with embedded calls.
    pub async fn start() -> Self {
        Self::start_with(TestRoomsOptions::default()).await
    }

    /// Starts a room service with these options.
    ///
    /// # Panics
    /// A part of the service cannot be set up.
    pub async fn start_with(options: TestRoomsOptions) -> Self {
        // The test's randomness is separate from the service's, which may be logged (request ids are).
        let entropy = SeededEntropy::new(options.seed.wrapping_add(1 << 41));
        let randomness = Randomness::random(&mut *entropy.rng());
        let params = GenericSecretParams::generate(options.mode, randomness);
        Self::start_with_params(options, params).await
    }

    /// Starts a room service that verifies under these params, which may be those of an issuer.
    ///
    /// # Panics
    /// A part of the service cannot be set up.
    pub async fn start_with_params(options: TestRoomsOptions, params: GenericSecretParams) -> Self {
        let guard = LogGuard::global();
        let entropy = Arc::new(SeededEntropy::new(options.seed.wrapping_add(1 << 40)));
        guard.watch_bytes("generic secret params", &params.to_bytes());
        let master = MasterKey::random(&mut *entropy.rng());
        guard.watch_text("master key", &master.to_text());
        let directory = Arc::new(tempfile::tempdir().expect("a temporary directory"));
        let clock = MockClock::at(options.now);
        let database = open(directory.path(), &master, options.now, &entropy).await;
        store_params(&database, ServerParamsKind::Generic, &params, &entropy).await;
        let shared = Shared {
            clock,
            params: Arc::new(params),
            master,
            directory,
            entropy,
            nodes: Arc::default(),
        };
        Self::node(options, shared, database).await
    }

    /// Starts another node over the same database file and the same clock.
    pub async fn another_node(&self, region: &str) -> Self {
        let options = TestRoomsOptions {
            region: region.to_owned(),
            ..self.options.clone()
        };
        let shared = Shared {
            clock: self.clock.clone(),
            params: Arc::clone(&self.params),
            master: self.master.clone(),
            directory: Arc::clone(&self.directory),
            entropy: Arc::clone(&self.entropy),
            nodes: Arc::clone(&self.nodes),
        };
        let database = open(
            self.directory.path(),
            &self.master,
            self.clock.now(),
            &self.entropy,
        )
        .await;
        Self::node(options, shared, database).await
    }

    async fn node(options: TestRoomsOptions, shared: Shared, database: SqliteRooms) -> Self {
        let events = CapturedEvents::default();
        let (public, internal) = (bind().await, bind().await);
        let base_url = url(&public);
        let internal_url = url(&internal);
        let pseudonymizer = {
            let database = database.clone();
            Pseudonymizer::following(move || {
                Zeroizing::new(*database.storage_keys().event_key().as_bytes())
            })
        };
        let records = {
            let name = TransactionName::new("test");
            let mut reader = database.read(name).await.expect("the database is there");
            reader.server_params().await.expect("the params are there")
        };
        let events_sink = Arc::new(events.clone());
        // The seeds of the nodes differ, so that no two nodes draw the same demux ids.
        let node = shared.nodes.fetch_add(1, Ordering::SeqCst);
        let seed = options.seed.wrapping_add(node << 20);
        let clock = Arc::new(shared.clock.clone());
        let metrics = Metrics::new(events_sink.clone(), clock.clone());
        let rooms = Rooms::new(RoomsParts {
            database: Arc::new(database.clone()),
            clock: clock.clone(),
            entropy: Arc::new(SeededEntropy::new(seed)),
            keys: verifier_keys(&records).expect("good params"),
            events: events_sink,
            limiter: Arc::new(LocalLimiter::new(NonZeroUsize::MIN.saturating_add(9_999))),
            pseudonymizer: pseudonymizer.clone(),
            http: options.http,
            metrics: metrics.clone(),
            verifications: NonZeroUsize::MIN.saturating_add(1),
            media: options
                .media
                .clone()
                .map(|TestMediaBackend(backend)| backend),
            dependencies: Vec::new(),
            settings: settings(&options, &base_url),
        })
        .expect("good settings");
        rooms.recover().await;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("threads");
        let servers = {
            let _entered = runtime.enter();
            [
                listen(public, router(rooms.clone())),
                listen(internal, internal_router(rooms.clone())),
            ]
        };
        Self {
            clock: shared.clock,
            events,
            database,
            rooms,
            pseudonymizer,
            metrics,
            options,
            params: shared.params,
            master: shared.master,
            directory: shared.directory,
            entropy: shared.entropy,
            nodes: shared.nodes,
            base_url,
            internal_url,
            _servers: servers,
            runtime: Some(runtime),
        }
    }

    /// Adds params of guest accounts to the database and to the running service.
    pub(crate) async fn store_guest_params(&self, params: &GenericSecretParams) {
        store_params(
            &self.database,
            ServerParamsKind::Guest,
            params,
            &self.entropy,
        )
        .await;
        let name = TransactionName::new("test");
        let mut reader = self
            .database
            .read(name)
            .await
            .expect("the database is there");
        let records = reader.server_params().await.expect("the params are there");
        self.rooms
            .replace_keys(verifier_keys(&records).expect("good params"));
    }

    /// Returns the base URL, `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Returns the base URL of the internal listener, `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn internal_url(&self) -> &str {
        &self.internal_url
    }

    /// Returns the URL of the socket.
    #[must_use]
    pub fn socket_url(&self) -> String {
        let host = self.base_url.replacen("http", "ws", 1);
        format!("{host}/v3/conference/socket")
    }

    /// Returns the public router, for calls without a connection.
    pub fn router(&self) -> Router {
        router(self.rooms.clone())
    }

    /// Returns the internal router, for calls without a connection.
    pub fn internal_router(&self) -> Router {
        internal_router(self.rooms.clone())
    }

    /// Returns the text of `GET /metrics` on the admin listener.
    pub async fn metrics(&self) -> String {
        metrics_text(&self.metrics).await
    }

    /// Returns the directory of the database's files.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Returns the randomness of the test.
    #[must_use]
    pub fn entropy(&self) -> &SeededEntropy {
        &self.entropy
    }

    /// Stops the node like a killed process: it sends, writes and removes nothing more.
    pub fn kill(mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for TestRooms {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
        if !std::thread::panicking() {
            LogGuard::global().assert_clean();
            LogGuard::global().assert_absent_from(self.directory.path());
        }
    }
}

/// The parts that the nodes of one service share.
struct Shared {
    clock: MockClock,
    params: Arc<GenericSecretParams>,
    master: MasterKey,
    directory: Arc<TempDir>,
    entropy: Arc<SeededEntropy>,
    nodes: Arc<AtomicU64>,
}

fn settings(options: &TestRoomsOptions, base_url: &str) -> RoomsSettings {
    let node = Node::new(&options.region, base_url).expect("a good node");
    let servers: Vec<ExternalMediaServer> = options
        .media_servers
        .iter()
        .map(|url| ExternalMediaServer::parse(url).expect("a good URL"))
        .collect();
    let group_key = options.group_key.clone();
    let origins = options.origins.iter();
    let defaults = RoomsSettings::embedded(node);
    RoomsSettings {
        media: if servers.is_empty() {
            Media::Embedded
        } else {
            Media::Sfu(SfuSettings::of_servers(servers))
        },
        max_devices: NonZeroU32::new(options.max_devices).expect("at least one"),
        devices_per_user: NonZeroU32::new(options.devices_per_user).expect("at least one"),
        epochs: options.epochs,
        group_calls: group_key
            .map(|key| GroupCallKey::new(Zeroizing::new(key)).expect("a long key")),
        origins: origins
            .map(|origin| Origin::parse(origin).expect("a good origin"))
            .collect(),
        sockets: options.sockets,
        verifications: options.verifications,
        guest_joins: options.guest_joins.unwrap_or(defaults.guest_joins),
        leases: options.leases,
        cleaner: options.cleaner,
        program_page: options.program_page.clone(),
        ..defaults
    }
}

async fn open(
    directory: &Path,
    master: &MasterKey,
    now: Timestamp,
    entropy: &SeededEntropy,
) -> SqliteRooms {
    let readers = NonZeroU32::MIN.saturating_add(1);
    let sqlite = SqliteOptions::new(directory.join("rooms.db")).readers(readers);
    SqliteRooms::open(&sqlite, master, now, &mut *entropy.rng())
        .await
        .expect("a fresh database")
}

async fn store_params(
    database: &SqliteRooms,
    kind: ServerParamsKind,
    params: &GenericSecretParams,
    entropy: &SeededEntropy,
) {
    let record = ServerParamsRecord {
        id: params.public_params().id(),
        kind,
        not_before: Timestamp::from_secs(0),
        not_after: None,
        secret: params.to_bytes(),
    };
    let name = TransactionName::new("test");
    let mut transaction = database.begin(name).await.expect("the database is there");
    transaction
        .add_server_params(&record, &mut *entropy.rng())
        .await
        .expect("new params");
    transaction.save().await.expect("the database is there");
}

async fn bind() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a free port")
}

fn url(listener: &TcpListener) -> String {
    let address = listener.local_addr().expect("the port's address");
    format!("http://{address}")
}

/// Serves on the current runtime until the guard is dropped.
fn listen(listener: TcpListener, router: Router) -> DropGuard {
    let stop = CancellationToken::new();
    let stopped = stop.clone().cancelled_owned();
    // The listener must be registered with the runtime that serves it.
    let listener = listener.into_std().expect("an open listener");
    let listener = TcpListener::from_std(listener).expect("an open listener");
    tokio::spawn(serve(
        listener,
        router,
        ConnectionLimits::default(),
        stopped,
    ));
    stop.drop_guard()
}
