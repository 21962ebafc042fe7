//! The two services, each on threads of its own that log to a file of its own.

use std::{
    collections::BTreeSet,
    fs, mem,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anteroom_accounts::DeviceEvents;
use anteroom_console::{data_dir::DataDir, environment::Environment, listen, os};
use anteroom_operator_cli::account_add::{self, NewAccount};
use anteroom_server::{
    databases,
    installation::Installation,
    logging,
    services::{
        EventOutputs, FaultLog, HostedService as _, ListenerTask, OpenIssuer, OpenRooms,
        OpenServices, OwnAddresses, ServiceContext, Telemetry,
    },
    settings::{ListenAddress, MailSettings, OidcSettings, Settings, WebhookSettings},
};
use anteroom_store::DeviceRetention;
use anyhow::Context as _;
use tokio::{
    runtime::{Builder, Runtime},
    sync::watch,
    task::JoinHandle,
};
use tracing::dispatcher;

/// The time limit for stopping. No call is running by then, so that open connections are cut.
const GRACE: Duration = Duration::from_secs(5);

/// Both running services.
pub(super) struct DemoServices {
    pub(super) issuer_url: String,
    pub(super) rooms_url: String,
    issuer: DemoService,
    rooms: DemoService,
    accounts: Accounts,
}

/// The access to the issuer's database, where accounts are made.
#[derive(Clone)]
struct Accounts {
    database: anteroom_store_sqlite::SqliteIssuer,
    device_events: DeviceEvents,
    retention: DeviceRetention,
}

/// The files that a service leaves.
pub(super) struct Files {
    pub(super) issuer: ServiceFiles,
    pub(super) rooms: ServiceFiles,
}

/// The bytes of one service's files.
pub(super) struct ServiceFiles {
    /// The database with its journal.
    pub(super) database: Vec<u8>,
    pub(super) log: Vec<u8>,
    pub(super) events: Vec<u8>,
}

struct DemoService {
    runtime: Runtime,
    directory: PathBuf,
    stop: watch::Sender<bool>,
    running: JoinHandle<anyhow::Result<()>>,
}

impl DemoServices {
    pub(super) async fn start(settings: &Settings, directory: &Path) -> anyhow::Result<Self> {
        let free = ListenAddress::from(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let (issuer_dir, rooms_dir) = (directory.join("issuer"), directory.join("rooms"));
        let mut settings = settings.clone();
        settings.events.stdout = false;
        settings.events.file = Some(issuer_dir.join("events.jsonl"));
        settings.events.rooms_file = Some(rooms_dir.join("events.jsonl"));
        settings.issuer.listen = free.clone();
        settings.rooms.listen = free;
        settings.issuer.public_url = None;
        settings.rooms.public_url = None;
        settings.events.webhook = WebhookSettings::default();
        settings.mail = MailSettings::default();
        settings.oidc = OidcSettings::default();
        let http = settings.http.connection_limits();

        let runtime = threads(&issuer_dir)?;
        let (stop, stopping) = watch::channel(false);
        let data = DataDir::new(issuer_dir.clone());
        let issuers = settings.clone();
        let opened = runtime.spawn(async move {
            let listener = OwnAddresses::default()
                .bind(&issuers.issuer.listen, "issuer.listen")
                .await?;
            let url = listen::url(listener.local_addr()?, false);
            let environment = Environment::new([]);
            let installation = Installation::open(&data, BTreeSet::new())?;
            let key = databases::find_or_make_key(&data, &environment, &installation)?;
            let outputs = EventOutputs::of_issuer(&issuers.events, &data);
            let telemetry = Telemetry::open("issuer", &issuers.events, outputs, &environment)?;
            let context = ServiceContext {
                settings: issuers,
                data,
                environment,
                installation: Arc::new(installation),
                url: url.clone(),
                telemetry,
                media: None,
            };
            let issuer = OpenIssuer::open(&context, &key, &OpenServices::default()).await?;
            let serving = ListenerTask::start(listener, issuer.router(), http, stopping);
            anyhow::Ok((url, issuer, serving))
        });
        let (issuer_url, issuer, serving) = opened.await??;
        let params = issuer.params.clone();
        let accounts = Accounts {
            database: issuer.database.clone(),
            device_events: issuer.device_events(),
            retention: settings.login.device_retention(),
        };
        let running = runtime.spawn(async move {
            serving.drained().await?;
            issuer.close().await
        });
        let issuer = DemoService {
            runtime,
            directory: issuer_dir,
            stop,
            running,
        };

        let runtime = threads(&rooms_dir)?;
        let (stop, mut stopping) = watch::channel(false);
        let data = DataDir::new(rooms_dir.clone());
        let opened = runtime.spawn({
            let stopping = stopping.clone();
            async move {
                let listener = OwnAddresses::default()
                    .bind(&settings.rooms.listen, "rooms.listen")
                    .await?;
                let url = listen::url(listener.local_addr()?, false);
                let environment = Environment::new([]);
                let now = os::now();
                let installation = Installation::open(&data, BTreeSet::new())?;
                let key = databases::find_or_make_key(&data, &environment, &installation)?;
                let outputs = EventOutputs::of_rooms(&settings.events, &data);
                let telemetry = Telemetry::open("rooms", &settings.events, outputs, &environment)?;
                let context = ServiceContext {
                    settings,
                    data,
                    environment,
                    installation: Arc::new(installation),
                    url: url.clone(),
                    telemetry,
                    media: None,
                };
                let rooms =
                    OpenRooms::open(&context, &key, &params, &FaultLog::default(), now).await?;
                let serving = ListenerTask::start(listener, rooms.router(), http, stopping.clone());
                let background = rooms.start_background(stopping);
                anyhow::Ok((url, rooms, serving, background))
            }
        });
        let (rooms_url, rooms, serving, background) = opened.await??;
        let running = runtime.spawn(async move {
            // An error means that the sender was dropped, which stops the service too.
            let _ = stopping.wait_for(|stop| *stop).await;
            rooms.end_calls().await;
            serving.drained().await?;
            background.await?;
            rooms.close().await
        });
        Ok(Self {
            issuer_url,
            rooms_url,
            issuer,
            rooms: DemoService {
                runtime,
                directory: rooms_dir,
                stop,
                running,
            },
            accounts,
        })
    }

    /// Adds an account at the issuer.
    pub(super) async fn add_account(&self) -> anyhow::Result<NewAccount> {
        let Accounts {
            database,
            device_events,
            retention,
        } = self.accounts.clone();
        let adding =
            async move { account_add::add(&database, &device_events, retention, os::now()).await };
        self.issuer.runtime.spawn(adding).await?
    }

    /// Stops both services, and reads their files.
    pub(super) async fn stop(self) -> anyhow::Result<Files> {
        Ok(Files {
            rooms: self.rooms.stop("rooms.db").await?,
            issuer: self.issuer.stop("issuer.db").await?,
        })
    }
}

impl DemoService {
    async fn stop(self, database: &str) -> anyhow::Result<ServiceFiles> {
        self.stop.send_replace(true);
        self.running.await??;
        let runtime = self.runtime;
        tokio::task::spawn_blocking(move || runtime.shutdown_timeout(GRACE)).await?;
        let mut bytes = Vec::new();
        for suffix in ["", "-wal", "-shm"] {
            let path = self.directory.join(format!("{database}{suffix}"));
            if path.exists() {
                bytes.extend(read(&path)?);
            }
        }
        Ok(ServiceFiles {
            database: bytes,
            log: read(&self.directory.join("log"))?,
            events: read(&self.directory.join("events.jsonl"))?,
        })
    }
}

/// Returns a runtime whose threads log to a file in a new directory.
fn threads(directory: &Path) -> anyhow::Result<Runtime> {
    DataDir::new(directory.to_owned()).create()?;
    let log = logging::to_file(&directory.join("log"))?;
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .on_thread_start(move || {
            // The subscriber stays set for the life of the thread.
            mem::forget(dispatcher::set_default(&log));
        })
        .build()
        .context("no threads can be had")
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
}
