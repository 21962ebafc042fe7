//! `anteroom serve`

use std::{collections::BTreeSet, io, sync::Arc};

use anteroom_console::{
    data_dir::DataDir,
    environment::Environment,
    listen::{self, Addresses},
    os,
    shutdown::Shutdown,
};
use anteroom_http_server::{ListenerKind, ListenerMetrics, ListenerSettings, Tls};
use anteroom_runtime::{Metrics, spawn_task};
use anyhow::bail;
use axum::Router;
use sd_notify::NotifyState;
use tokio::{net::TcpListener, sync::watch};

use crate::{
    checks,
    database_explanation::failure_of_all,
    databases, descriptors,
    installation::Installation,
    logging::ServiceLog,
    master_key,
    media::OpenMedia,
    services::{
        self, Attempt, EventOutputs, HostedService, KeyMaintenance, ListenerTask, OpenIssuer,
        OpenRooms, OpenServices, OwnAddresses, Runner, ServiceContext, ServiceRoutes, Telemetry,
    },
    settings::{ListenAddress, PublicUrl, Settings},
    supervisor,
    tls::Certificates,
};

/// Runs the services of the role until they are stopped. `new` names databases that are created although
/// there was one.
pub async fn run(
    settings: &Settings,
    data: &DataDir,
    environment: &Environment,
    new: BTreeSet<&'static str>,
    log: Option<&ServiceLog>,
) -> anyhow::Result<()> {
    let mut shutdown = Shutdown::of_service()?;
    settings.keys.every()?;
    let settings = &descriptors::fit(settings, os::raise_file_limit())?;
    let listener_settings = ListenerSettings {
        limits: settings.http.connection_limits(),
        trusted_proxies: settings.http.trusted_proxies()?,
        ..ListenerSettings::default()
    };
    let certificates = Certificates::load(settings)?;
    checks::refuse_settings(settings, data, environment)?;
    if !settings.role.issues() {
        services::require_params(data, &new)?;
    }
    if data.create()? {
        tracing::info!(
            "made the data directory {}, for this user alone",
            data.path().display()
        );
    }
    let lock = data.lock()?;
    let OpenSockets { listeners, media } = OpenSockets::open(settings).await?;
    let addresses = listeners.addresses(&certificates, settings)?;
    let installation = Arc::new(Installation::open(data, new)?);
    let key = databases::find_or_make_key(data, environment, &installation)?;
    let services = Arc::new(OpenServices::default());
    let context = |url: &String, telemetry| ServiceContext {
        settings: settings.clone(),
        data: data.clone(),
        environment: environment.clone(),
        installation: Arc::clone(&installation),
        url: url.clone(),
        telemetry,
        media: media.clone(),
    };
    let (stop, stopping) = watch::channel(false);
    let issuer = match &addresses.issuer {
        Some(url) => {
            let outputs = EventOutputs::of_issuer(&settings.events, data);
            let telemetry = Telemetry::open("issuer", &settings.events, outputs, environment)?;
            log.inspect(|log| log.show_count(&telemetry.metrics));
            let context = context(url, telemetry);
            Some(Attempt::<OpenIssuer>::new(context, &key, &services).await?)
        }
        None => None,
    };
    let rooms = match &addresses.rooms {
        Some(url) => {
            let outputs = EventOutputs::of_rooms(&settings.events, data);
            let telemetry = Telemetry::open("rooms", &settings.events, outputs, environment)?;
            log.inspect(|log| log.show_count(&telemetry.metrics));
            media
                .as_ref()
                .inspect(|media| media.show_metrics(&telemetry.metrics));
            let context = context(url, telemetry);
            Some(Attempt::<OpenRooms>::new(context, &key, &services).await?)
        }
        None => None,
    };
    drop(key);
    refuse_mistakes(data, issuer.as_ref(), rooms.as_ref())?;
    passing(installation.save());
    listen::forget(data);

    let routes = Routes {
        issuer: issuer.as_ref().map(Attempt::routes),
        rooms: rooms.as_ref().map(Attempt::routes),
    };
    let serving = listeners.serve(&listener_settings, &certificates, routes, &stopping);
    let issuer = issuer.map(|attempt| attempt.run(&services, &stopping));
    let rooms = rooms.map(|attempt| attempt.run(&services, &stopping));
    let every = settings.keys.every()?;
    let maintenance = KeyMaintenance::start(Arc::clone(&services), every, stopping)?;
    let log_watch = log.map(|log| spawn_task("log-watch", log.watch()));
    let watching = certificates.watch()?;
    let listen_file = passing(addresses.publish(data));
    if let Some(media) = &media {
        media.announce(settings);
    }
    announce(&addresses);
    supervisor::notify(NotifyState::Ready);

    let signal = shutdown.requested().await;
    tracing::info!("{signal}: finishing requests in flight");
    supervisor::notify(NotifyState::Stopping);
    stop.send_replace(true);
    drop(listen_file);
    for task in [watching, log_watch].into_iter().flatten() {
        task.abort();
    }
    if let Some(media) = &media {
        media.drain();
    }
    if let Some(rooms) = services.rooms.get() {
        rooms.rooms.close().await;
    }
    for serving in serving {
        serving.drained().await?;
    }
    maintenance.await?;
    let rooms = finish(rooms).await;
    let issuer = finish(issuer).await;
    drop(lock);
    tracing::info!("stopped");
    rooms.and(issuer)
}

/// A small file that cannot be written is no reason to stop: on a full disk the services still answer what
/// they can.
fn passing<T>(written: anyhow::Result<T>) -> Option<T> {
    written
        .inspect_err(|error| {
            tracing::error!("{error:#}: free space, and restart when there is time");
        })
        .ok()
}

async fn finish<S: HostedService>(runner: Option<Runner<S>>) -> anyhow::Result<()> {
    match runner {
        Some(runner) => runner.finish().await,
        None => Ok(()),
    }
}

/// Refuses to start if no service can run without the operator's action. An interrupted change of the master
/// key concerns both services: neither runs before it is completed.
fn refuse_mistakes(
    data: &DataDir,
    issuer: Option<&Attempt<OpenIssuer>>,
    rooms: Option<&Attempt<OpenRooms>>,
) -> anyhow::Result<()> {
    let outcomes = [issuer.map(Attempt::mistake), rooms.map(Attempt::mistake)];
    let services = outcomes.iter().flatten().count();
    let mistakes: Vec<&anyhow::Error> = outcomes.into_iter().flatten().flatten().collect();
    let is_key_changing = master_key::next_to(&data.master_key()).exists();
    if mistakes.len() == services || (is_key_changing && !mistakes.is_empty()) {
        bail!(failure_of_all(mistakes));
    }
    Ok(())
}

/// The sockets of the services of the role, opened before anything is written.
struct OpenSockets {
    listeners: Listeners,
    media: Option<OpenMedia>,
}

impl OpenSockets {
    async fn open(settings: &Settings) -> anyhow::Result<Self> {
        let own = &mut OwnAddresses::default();
        let listeners = Listeners::bind(settings, own).await?;
        let media = OpenMedia::start(settings, own)?;
        Ok(Self { listeners, media })
    }
}

/// The listeners of the role.
struct Listeners {
    issuer: Option<TcpListener>,
    rooms: Option<TcpListener>,
    internal: Option<TcpListener>,
    admin: Option<TcpListener>,
}

impl Listeners {
    async fn bind(settings: &Settings, own: &mut OwnAddresses) -> anyhow::Result<Self> {
        let role = settings.role;
        let issuer = Some(&settings.issuer.listen).filter(|_| role.issues());
        let rooms = Some(&settings.rooms).filter(|_| role.holds_rooms());
        let internal = rooms.and_then(|rooms| rooms.internal_listen.as_ref());
        let admin = settings.admin.listen.as_ref();
        Ok(Self {
            issuer: bind_if(issuer, "issuer.listen", own).await?,
            rooms: bind_if(rooms.map(|rooms| &rooms.listen), "rooms.listen", own).await?,
            internal: bind_if(internal, "rooms.internal_listen", own).await?,
            admin: bind_if(admin, "admin.listen", own).await?,
        })
    }

    fn addresses(
        &self,
        certificates: &Certificates,
        settings: &Settings,
    ) -> anyhow::Result<Addresses> {
        let url = |listener: &Option<TcpListener>, tls: Option<&Tls>| {
            listener
                .as_ref()
                .map(|listener| {
                    let address = listener.local_addr()?;
                    io::Result::Ok(listen::url(address, tls.is_some()))
                })
                .transpose()
        };
        let public = |url: &Option<PublicUrl>, listener: &Option<TcpListener>| {
            let url = url.clone().filter(|_| listener.is_some());
            url.map(String::from)
        };
        Ok(Addresses {
            issuer: url(&self.issuer, certificates.issuer.as_ref())?,
            rooms: url(&self.rooms, certificates.rooms.as_ref())?,
            internal: url(&self.internal, None)?,
            admin: url(&self.admin, certificates.admin.as_ref())?,
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            issuer_public: public(&settings.issuer.public_url, &self.issuer),
            rooms_public: public(&settings.rooms.public_url, &self.rooms),
        })
    }

    fn serve(
        self,
        settings: &ListenerSettings,
        certificates: &Certificates,
        routes: Routes,
        stopping: &watch::Receiver<bool>,
    ) -> Vec<ListenerTask> {
        let metrics = routes.metrics();
        let Routes { issuer, rooms } = routes;
        let of_issuer = issuer.map(|routes| (routes.public, routes.counts, ListenerKind::Public));
        let (of_rooms, internal) = rooms
            .map(|routes| {
                let counts = routes.counts;
                (
                    (routes.public, counts.clone(), ListenerKind::Public),
                    (routes.internal, counts, ListenerKind::Internal),
                )
            })
            .unzip();
        let metrics = metrics.map(|(router, counts)| (router, counts, ListenerKind::Admin));
        [
            (self.issuer, of_issuer, &certificates.issuer),
            (self.rooms, of_rooms, &certificates.rooms),
            (self.internal, internal, &None),
            (self.admin, metrics, &certificates.admin),
        ]
        .into_iter()
        .filter_map(|(listener, routes, tls)| {
            let (router, counts, kind) = routes?;
            let listener = listener?;
            let mut limits = settings.limits;
            limits.connections = descriptors::connections_of(kind, limits.connections);
            let settings = ListenerSettings {
                limits,
                tls: tls.clone(),
                metrics: ListenerMetrics::of(&counts, kind),
                ..settings.clone()
            };
            Some(ListenerTask::start(
                listener,
                router,
                settings,
                stopping.clone(),
            ))
        })
        .collect()
    }
}

struct Routes {
    issuer: Option<ServiceRoutes>,
    rooms: Option<ServiceRoutes>,
}

impl Routes {
    /// Returns the router of `/metrics` for the only service, or for the issuer with the room service's at
    /// `/rooms/metrics`, and the metrics that count their listener: those of the first service.
    fn metrics(&self) -> Option<(Router, Metrics)> {
        let of = |routes: &ServiceRoutes| (routes.metrics.clone(), routes.counts.clone());
        match (self.issuer.as_ref().map(of), self.rooms.as_ref().map(of)) {
            (Some((issuer, counts)), Some((rooms, _))) => {
                Some((issuer.nest("/rooms", rooms), counts))
            }
            (only, None) | (None, only) => only,
        }
    }
}

async fn bind_if(
    address: Option<&ListenAddress>,
    setting: &'static str,
    own: &mut OwnAddresses,
) -> anyhow::Result<Option<TcpListener>> {
    match address {
        Some(address) => Ok(Some(own.bind(address, setting).await?)),
        None => Ok(None),
    }
}

fn announce(addresses: &Addresses) {
    if let Some(admin) = &addresses.admin {
        tracing::info!("metrics are on {admin}/metrics");
    }
    if let Some(internal) = &addresses.internal {
        tracing::info!("media servers call back on {internal}");
    }
    if let Some(named) = addresses.unreachable_link_host() {
        tracing::warn!(
            "links that are made here name {named}, which leads others nowhere: set \
             rooms.public_url to the URL under which they reach the room service"
        );
    }
    if let Some(named) = addresses.unreachable_issuer() {
        tracing::warn!(
            "mails and tokens name the issuer {named}, which leads others nowhere: set \
             issuer.public_url to the URL under which they reach it"
        );
    }
    if let Some(issuer) = &addresses.issuer {
        tracing::info!("the issuer listens on {issuer}");
    }
    if let Some(rooms) = &addresses.rooms {
        tracing::info!("the room service listens on {rooms}");
    }
}
