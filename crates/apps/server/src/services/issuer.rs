//! The issuer.

use std::{num::NonZeroUsize, sync::Arc, thread, time::Duration};

use anteroom_accounts::{
    AccountsParts, DeviceEvents, IdentityVerifier, LoginParts, LoginSettings, MailSender,
    PasswordHasher, PurgeCounts, TimerDelay,
};
use anteroom_console::os::{OsClock, OsEntropy};
use anteroom_http_server::RouteOperation;
use anteroom_issuer::{Issuer, IssuerLimits, IssuerParts, IssuingParams};
use anteroom_mail::MailQueue;
use anteroom_oidc::OidcVerifier;
use anteroom_protocol::{Mode, Timestamp};
use anteroom_runtime::{
    Clock as _, Dependency, Entropy as _, Metrics, NoEvents, Pseudonymizer, spawn_task, task_span,
};
use anteroom_store::{
    IssuerDatabase as _, MasterKey, ServerParamsKind, ServerParamsRecord, StoredServerParams,
    TransactionName,
};
use anteroom_store_sqlite::SqliteIssuer;
use anyhow::Context as _;
use axum::Router;
use tokio::{
    sync::{Mutex, watch},
    task::JoinHandle,
};
use tracing::Instrument as _;
use zeroize::Zeroizing;

use super::{
    DatabaseFailure, EventSinks, OpenServices, ServiceContext, Telemetry,
    keys::IssuerKeyState,
    open_limits,
    purge_pause::{self, Decision, PurgePause},
    runner::{HostedService, Slots},
    stopped,
    stored_params::MergedParams,
};

use crate::{
    database_explanation::sentence,
    databases, mail, oidc,
    params::{self, ParamsOwner},
    relays,
    settings::{IssueMode, Settings},
};

/// The time limit for finishing the work of accepted requests at a stop.
const BACKGROUND_CLOSING: Duration = Duration::from_secs(15);

/// The opened issuer.
pub struct OpenIssuer {
    /// The database, which is open.
    pub database: SqliteIssuer,
    /// The server params of the database.
    pub params: Vec<ServerParamsRecord>,
    issuer: Issuer,
    events: EventSinks,
    mail: Option<Arc<MailQueue>>,
    oidc: Option<OidcVerifier>,
    purge_pause: Arc<parking_lot::Mutex<PurgePause>>,
}

impl OpenIssuer {
    /// Returns the issuer's routes.
    pub fn router(&self) -> Router {
        anteroom_issuer::router(self.issuer.clone())
    }

    /// Returns the emitter of device changes, which emits the service's events.
    pub fn device_events(&self) -> DeviceEvents {
        DeviceEvents::new(self.events.sink(), pseudonymizer(&self.database))
    }
}

impl HostedService for OpenIssuer {
    const NAME: &'static str = "issuer";
    const OPERATIONS: &'static [RouteOperation] = anteroom_issuer::OPERATIONS;

    async fn open(
        context: &ServiceContext,
        key: &MasterKey,
        services: &OpenServices,
    ) -> anyhow::Result<Self> {
        let ServiceContext {
            settings,
            data,
            environment,
            installation,
            url,
            telemetry: Telemetry { events, metrics },
            media: _,
        } = context;
        const LOOK: TransactionName = TransactionName::new("look at the last sighting");
        let now = OsClock.now();
        let relays = relays::open_relays(settings, environment)?;
        let opening = async {
            let database: SqliteIssuer =
                databases::open_store(data, environment, installation, key, now).await?;
            let stored = ensure_params(settings, &database, now).await?;
            let last_device_use = database.read(LOOK).await?.last_device_use().await?;
            anyhow::Ok((database, stored, last_device_use))
        };
        let (database, stored, last_device_use) = opening.await.context(DatabaseFailure)?;
        let purge_pause = PurgePause::open(data.issuer_clock(), last_device_use);
        let stored = MergedParams::new(&[], stored);
        services.faults.report(ParamsOwner::Issuer, &stored);
        let params = stored.records;
        let mail = mail::open_mail(&settings.mail, environment, metrics)?;
        let oidc = oidc::open_identity(&settings.oidc)?;
        let mut dependencies = events.dependencies();
        dependencies.extend(mail.clone().map(|mail| mail as Arc<dyn Dependency>));
        dependencies.extend(oidc.iter().flat_map(OidcVerifier::dependencies));
        let login = LoginParts {
            settings: LoginSettings {
                program_page: settings.program_page()?,
                ..login_settings(settings, url)
            },
            hasher: hasher(settings, metrics)?,
            delay: Arc::new(TimerDelay),
            mail: mail
                .clone()
                .map(|queue| Arc::new(mail::QueueSender(queue)) as Arc<dyn MailSender>),
            identities: oidc.clone().map(|verifier| {
                Arc::new(oidc::OidcIdentityVerifier(verifier)) as Arc<dyn IdentityVerifier>
            }),
        };
        let issuer = Issuer::new(IssuerParts {
            accounts: AccountsParts {
                pseudonymizer: pseudonymizer(&database),
                database: Arc::new(database.clone()),
                clock: Arc::new(OsClock),
                entropy: Arc::new(OsEntropy),
                events: events.sink(),
                limiter: open_limits(),
                http: settings.http.http_limits(),
                metrics: metrics.clone(),
                login,
            },
            params: IssuingParams::from_records(settings.issue_mode.into(), &params)?,
            limits: IssuerLimits {
                create_auth: settings.limits.create_auth.into(),
                relays: settings.limits.relays.into(),
                relays_of_guests: settings.limits.relays_of_guests.into(),
                batches: settings.limits.batches.into(),
                work: settings.limits.work.into(),
            },
            workers: thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            dependencies,
            relays,
        });
        Ok(Self {
            database,
            params,
            issuer,
            events: events.clone(),
            mail,
            oidc,
            purge_pause: Arc::new(parking_lot::Mutex::new(purge_pause)),
        })
    }

    async fn publish(&self, context: &ServiceContext, services: &OpenServices, slots: &Slots) {
        // A service opens only once.
        let _ = services.issuer.set(IssuerKeyState {
            database: self.database.clone(),
            issuer: self.issuer.clone(),
            mode: context.settings.issue_mode.into(),
            params: Mutex::new(self.params.clone()),
        });
        // The room service must know the params under which the issuer issues.
        if let Err(error) = services.reload_params().await {
            let error = sentence(&error);
            tracing::warn!("the room service does not have the issuer's params yet: {error}");
        }
        slots.public.set(self.router());
    }

    fn start_background(&self, stopping: watch::Receiver<bool>) -> JoinHandle<()> {
        let oidc = self.oidc.clone();
        let (issuer, purged) = (self.issuer.clone(), self.issuer.clone());
        let purging = purge_pause::decide_daily(
            Arc::clone(&self.purge_pause),
            "Devices that were not seen for long, and expired rows,",
            stopping.clone(),
            move |decision| purge(purged.clone(), decision),
        );
        let purging = purging.instrument(task_span("purge"));
        spawn_task("issuer", async move {
            let monitoring = issuer.run_background(stopped(stopping.clone()));
            let fetching = async {
                if let Some(oidc) = oidc {
                    oidc.run_background(stopped(stopping.clone())).await;
                }
            };
            tokio::join!(fetching, purging, monitoring);
        })
    }

    async fn close(self) -> anyhow::Result<()> {
        let accounts = self.issuer.accounts();
        accounts.close_background(BACKGROUND_CLOSING).await;
        accounts.device_uses_written().await;
        if let Some(mail) = self.mail {
            mail.close(mail::CLOSING).await;
        }
        self.events.close().await?;
        self.database.close().await;
        Ok(())
    }
}

/// Deletes stale devices, unused guests and expired rows, unless the clock jumped.
async fn purge(issuer: Issuer, decision: Decision) {
    if decision != Decision::Purge {
        return;
    }
    match issuer.accounts().purge().await {
        Ok(counts) if counts == PurgeCounts::default() => {}
        Ok(PurgeCounts {
            guests: 0,
            devices,
            rows,
        }) => {
            tracing::info!(devices, rows, "deleted stale devices and expired rows");
        }
        Ok(PurgeCounts {
            guests,
            devices,
            rows,
        }) => {
            tracing::info!(
                guests,
                devices,
                rows,
                "deleted unused guests, stale devices and expired rows"
            );
        }
        Err(error) => tracing::error!(%error, "stale devices cannot be deleted"),
    }
}

fn login_settings(settings: &Settings, url: &str) -> LoginSettings {
    let login = &settings.login;
    LoginSettings {
        sign_up: login.sign_up.into(),
        guests: settings.guests(),
        lock: login.lock_policy(),
        lock_mail: login.lock_mail,
        personal_events: settings.events.personal,
        limits: settings.limits.login(),
        provision: settings.oidc.create_accounts,
        known_networks: login.known_networks(),
        device_retention: login.device_retention(),
        ..LoginSettings::new(settings.issuer.public_url.as_deref().unwrap_or(url))
    }
}

/// Checks that passwords can be hashed at the cost of the settings.
pub fn check_hash_cost(settings: &Settings) -> anyhow::Result<()> {
    let metrics = Metrics::new(Arc::new(NoEvents), Arc::new(OsClock));
    hasher(settings, &metrics).map(drop)
}

fn hasher(settings: &Settings, metrics: &Metrics) -> anyhow::Result<PasswordHasher> {
    let cores = || thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let limits = settings.login.hash_queue_limits(cores);
    let mut rng = OsEntropy.rng();
    PasswordHasher::new(settings.login.cost(), limits, metrics, &mut *rng)
        .context("login.hash_memory_kib and login.hash_passes")
}

async fn ensure_params(
    settings: &Settings,
    database: &SqliteIssuer,
    now: Timestamp,
) -> anyhow::Result<StoredServerParams> {
    let mut modes = vec![Mode::from(settings.issue_mode)];
    if settings.legacy_params && settings.issue_mode != IssueMode::Legacy {
        modes.push(Mode::Legacy);
    }
    let mut rng = OsEntropy.rng();
    let before = params::all(database)
        .await
        .context("the server params cannot be read")?;
    // A room service has the params of before.
    let may_lack_guests = !before.readable.is_empty() && !has_guest_params(&before);
    let stored = params::ensure(database, &modes, settings.guests(), now, &mut *rng)
        .await
        .context("the server params cannot be read or made")?;
    if !settings.role.holds_rooms() && may_lack_guests && has_guest_params(&stored) {
        tracing::warn!(
            "the room service refuses guests until it has these guest params: run `anteroom keys \
             export` here and `anteroom keys import` there"
        );
    }
    Ok(stored)
}

fn has_guest_params(stored: &StoredServerParams) -> bool {
    let mut records = stored.readable.iter();
    records.any(|record| record.kind == ServerParamsKind::Guest)
}

/// Returns the pseudonyms of the issuer's events.
pub fn pseudonymizer(database: &SqliteIssuer) -> Pseudonymizer {
    let database = database.clone();
    Pseudonymizer::following(move || {
        Zeroizing::new(*database.storage_keys().event_key().as_bytes())
    })
}
