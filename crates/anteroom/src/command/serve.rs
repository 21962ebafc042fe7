//! `anteroom serve`

use std::{io, net::SocketAddr};

use anteroom_rooms::SocketLimits;
use anteroom_service::{Clock as _, ListenerSettings, Tls};
use axum::Router;
use tokio::{net::TcpListener, sync::watch};

use crate::{
    data_dir::DataDir,
    databases,
    environment::Environment,
    listen::{self, Addresses},
    os::{self, OsClock},
    services::{IssuerService, KeyKeeper, RoomsService, Serving, bind},
    settings::{HttpSettings, Settings},
    shutdown::Shutdown,
    supervisor,
    tls::Certificates,
};

/// Runs the services of the role until they are told to stop.
pub(crate) async fn run(
    settings: &Settings,
    data: &DataDir,
    environment: &Environment,
) -> anyhow::Result<()> {
    let mut shutdown = Shutdown::listen()?;
    settings.keys.every()?;
    os::raise_file_limit(files(settings));
    let now = OsClock.now();
    if data.create()? {
        tracing::info!(
            "made the data directory {}, for this user alone",
            data.path().display()
        );
    }
    let lock = data.lock()?;
    let listener_settings = listener_settings(&settings.http)?;
    let certificates = Certificates::load(settings)?;
    let listeners = Listeners::bind(settings).await?;
    let addresses = listeners.addresses(&certificates)?;
    let key = databases::find_or_make_key(data, environment, now).await?;
    let issuer = match &addresses.issuer {
        Some(url) => Some(IssuerService::open(settings, data, environment, &key, url, now).await?),
        None => None,
    };
    let rooms = match &addresses.rooms {
        Some(url) => {
            let params = issuer.as_ref().map_or(&[][..], |issuer| &issuer.params);
            Some(RoomsService::open(settings, data, environment, &key, params, url, now).await?)
        }
        None => None,
    };
    drop(key);
    listen::forget(data);

    let keeper = KeyKeeper::new(
        issuer.as_ref().map(|issuer| issuer.watched(settings)),
        rooms.as_ref().map(RoomsService::watched),
        settings.keys.every()?,
    );

    let (stop, stopping) = watch::channel(false);
    let serving = listeners.serve(
        &listener_settings,
        &certificates,
        issuer.as_ref(),
        rooms.as_ref(),
        &stopping,
    );
    let background = [
        issuer
            .as_ref()
            .map(|issuer| issuer.start_background(stopping.clone())),
        rooms
            .as_ref()
            .map(|rooms| rooms.start_background(stopping.clone())),
        Some(keeper.start(stopping)?),
    ];
    let watching = certificates.watch()?;
    let listen_file = addresses.publish(data)?;
    announce(&addresses);
    supervisor::ready();

    let signal = shutdown.requested().await;
    tracing::info!("{signal}: finishing requests in flight");
    supervisor::stopping();
    stop.send_replace(true);
    drop(listen_file);
    if let Some(watching) = watching {
        watching.abort();
    }
    if let Some(rooms) = &rooms {
        rooms.end_calls().await;
    }
    for serving in serving {
        serving.drained().await?;
    }
    for background in background.into_iter().flatten() {
        background.await?;
    }
    if let Some(rooms) = rooms {
        rooms.close().await?;
    }
    if let Some(issuer) = issuer {
        issuer.close().await?;
    }
    drop(lock);
    tracing::info!("stopped");
    Ok(())
}

/// The files that are open when there are as many connections as may be.
fn files(settings: &Settings) -> u64 {
    // Databases, logs, listeners, connections to others.
    const OTHERS: usize = 256;
    let listeners = if settings.role.issues() && settings.role.holds_rooms() {
        2
    } else {
        1
    };
    let connections = settings.http.connection_limits().connections * listeners;
    let sockets = if settings.role.holds_rooms() {
        SocketLimits::default().connections
    } else {
        0
    };
    u64::try_from(connections + sockets + OTHERS).unwrap_or(u64::MAX)
}

/// The ports of the role, taken before anything is written.
struct Listeners {
    issuer: Option<TcpListener>,
    rooms: Option<TcpListener>,
    internal: Option<TcpListener>,
    admin: Option<TcpListener>,
}

impl Listeners {
    async fn bind(settings: &Settings) -> anyhow::Result<Self> {
        let role = settings.role;
        let rooms = |address: SocketAddr| role.holds_rooms().then_some(address);
        Ok(Self {
            issuer: bind_if(role.issues().then_some(settings.issuer.listen)).await?,
            rooms: bind_if(rooms(settings.rooms.listen)).await?,
            internal: bind_if(settings.rooms.internal_listen.and_then(rooms)).await?,
            admin: bind_if(settings.admin.listen).await?,
        })
    }

    fn addresses(&self, certificates: &Certificates) -> anyhow::Result<Addresses> {
        let url = |listener: &Option<TcpListener>, tls: Option<&Tls>| {
            listener
                .as_ref()
                .map(|listener| {
                    let address = listener.local_addr()?;
                    io::Result::Ok(listen::url(address, tls.is_some()))
                })
                .transpose()
        };
        Ok(Addresses {
            issuer: url(&self.issuer, certificates.issuer.as_ref())?,
            rooms: url(&self.rooms, certificates.rooms.as_ref())?,
            internal: url(&self.internal, None)?,
            admin: url(&self.admin, certificates.admin.as_ref())?,
        })
    }

    fn serve(
        self,
        settings: &ListenerSettings,
        certificates: &Certificates,
        issuer: Option<&IssuerService>,
        rooms: Option<&RoomsService>,
        stopping: &watch::Receiver<bool>,
    ) -> Vec<Serving> {
        let metrics = metrics(issuer, rooms);
        [
            (
                self.issuer,
                issuer.map(IssuerService::router),
                &certificates.issuer,
            ),
            (
                self.rooms,
                rooms.map(RoomsService::router),
                &certificates.rooms,
            ),
            (
                self.internal,
                rooms.map(RoomsService::internal_router),
                &None,
            ),
            (self.admin, Some(metrics), &certificates.admin),
        ]
        .into_iter()
        .filter_map(|(listener, router, tls)| {
            let settings = ListenerSettings {
                tls: tls.clone(),
                ..settings.clone()
            };
            Some(Serving::start(
                listener?,
                router?,
                settings,
                stopping.clone(),
            ))
        })
        .collect()
    }
}

fn listener_settings(settings: &HttpSettings) -> anyhow::Result<ListenerSettings> {
    Ok(ListenerSettings {
        limits: settings.connection_limits(),
        trusted_proxies: settings.trusted_proxies()?,
        tls: None,
    })
}

async fn bind_if(address: Option<SocketAddr>) -> anyhow::Result<Option<TcpListener>> {
    match address {
        Some(address) => bind(address).await.map(Some),
        None => Ok(None),
    }
}

/// `/metrics` of the only service, or of the issuer beside `/rooms/metrics`.
fn metrics(issuer: Option<&IssuerService>, rooms: Option<&RoomsService>) -> Router {
    let issuer = issuer.map(|issuer| issuer.metrics.router());
    let rooms = rooms.map(|rooms| rooms.metrics.router());
    match (issuer, rooms) {
        (Some(issuer), Some(rooms)) => issuer.nest("/rooms", rooms),
        (Some(only), None) | (None, Some(only)) => only,
        (None, None) => Router::new(),
    }
}

fn announce(addresses: &Addresses) {
    if let Some(admin) = &addresses.admin {
        tracing::info!("metrics are on {admin}/metrics");
    }
    if let Some(internal) = &addresses.internal {
        tracing::info!("media servers call back on {internal}");
    }
    if let Some(issuer) = &addresses.issuer {
        tracing::info!("the issuer listens on {issuer}");
    }
    if let Some(rooms) = &addresses.rooms {
        tracing::info!("the room service listens on {rooms}");
    }
}
