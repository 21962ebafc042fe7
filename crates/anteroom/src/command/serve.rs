//! `anteroom serve`

use std::{net::SocketAddr, num::NonZeroUsize, sync::Arc, thread};

use anteroom_issuer::{Issuer, IssuerKeys, IssuerLimits, IssuerParts};
use anteroom_protocol::{Mode, Timestamp};
use anteroom_service::{
    Clock, ConnectionLimits, Dependency, Drained, Entropy, EventQueue, EventSink, FanOut,
    LocalLimiter, Metrics, NoEvents, Pseudonymizer,
};
use anteroom_store::{IssuerDatabase, ServerParamsRecord};
use anteroom_store_sql::SqliteIssuer;
use anyhow::Context as _;
use tokio::{net::TcpListener, sync::watch};
use zeroize::Zeroizing;

use crate::{
    data_dir::DataDir,
    environment::Environment,
    issuer_data,
    listen::{self, Addresses},
    os::{OsClock, OsEntropy},
    params,
    settings::{EventSettings, IssueMode, Settings},
    shutdown::Shutdown,
};

/// Accounts whose limits are remembered: about 100 bytes each.
const LIMITED_ACCOUNTS: NonZeroUsize = NonZeroUsize::new(100_000).unwrap();

/// Runs the issuer until it is told to stop.
pub(crate) async fn run(
    settings: &Settings,
    data: &DataDir,
    environment: &Environment,
) -> anyhow::Result<()> {
    let shutdown = Shutdown::listen()?;
    let now = OsClock.now();
    if data.create()? {
        tracing::info!(
            "made the data directory {}, for this user alone",
            data.path().display()
        );
    }
    let lock = data.lock()?;
    let database = issuer_data::open_or_create(data, environment, now).await?;
    listen::forget(data);
    let records = ensure_params(settings, &database, now).await?;

    let queues = open_queues(&settings.events)?;
    let events = sink(&queues);
    let metrics = Metrics::new(Arc::clone(&events), Arc::new(OsClock));
    let issuer = Issuer::new(IssuerParts {
        keys: IssuerKeys::from_records(settings.issue_mode.into(), &records)?,
        pseudonymizer: pseudonymizer(&database),
        database: Arc::new(database.clone()),
        clock: Arc::new(OsClock) as Arc<dyn Clock>,
        entropy: Arc::new(OsEntropy) as Arc<dyn Entropy>,
        events,
        limiter: Arc::new(LocalLimiter::new(LIMITED_ACCOUNTS)),
        limits: IssuerLimits {
            create_auth: settings.limits.create_auth.into(),
        },
        http: settings.http.http_limits(),
        metrics: metrics.clone(),
        workers: thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
        dependencies: queues
            .iter()
            .map(|queue| Arc::clone(queue) as Arc<dyn Dependency>)
            .collect(),
    });

    let (stop, stopping) = watch::channel(false);
    let issuer_listener = bind(settings.issuer.listen).await?;
    let admin_listener = match settings.admin.listen {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    let addresses = Addresses {
        issuer: listen::url(issuer_listener.local_addr()?),
        admin: admin_listener
            .as_ref()
            .map(|listener| listener.local_addr().map(listen::url))
            .transpose()?,
    };
    let limits = settings.http.connection_limits();
    let serving = tokio::spawn(anteroom_service::serve(
        issuer_listener,
        anteroom_issuer::router(issuer),
        limits,
        stopped(stopping.clone()),
    ));
    let admin = tokio::spawn(serve_admin(admin_listener, metrics, limits, stopping));
    let listen_file = addresses.publish(data)?;
    announce(&addresses);

    shutdown.requested().await;
    stop.send_replace(true);
    drop(listen_file);
    if let Drained::Cut(requests) = serving.await? {
        tracing::warn!(
            requests,
            "requests were cut off: they took too long to finish"
        );
    }
    admin.await?;
    close_queues(queues).await?;
    database.close().await;
    drop(lock);
    tracing::info!("stopped");
    Ok(())
}

async fn ensure_params(
    settings: &Settings,
    database: &SqliteIssuer,
    now: Timestamp,
) -> anyhow::Result<Vec<ServerParamsRecord>> {
    let mut modes = vec![Mode::from(settings.issue_mode)];
    if settings.legacy_params && settings.issue_mode != IssueMode::Legacy {
        modes.push(Mode::Legacy);
    }
    let mut rng = OsEntropy.rng();
    params::ensure(database, &modes, now, &mut *rng)
        .await
        .context("the server params cannot be read or made")
}

fn open_queues(settings: &EventSettings) -> anyhow::Result<Vec<Arc<EventQueue>>> {
    let mut queues = Vec::new();
    if settings.stdout {
        queues.push(Arc::new(EventQueue::stdout(settings.queue)?));
    }
    if let Some(path) = &settings.file {
        let queue = EventQueue::file(path, settings.queue)
            .with_context(|| format!("the event file {} cannot be opened", path.display()))?;
        queues.push(Arc::new(queue));
    }
    Ok(queues)
}

fn sink(queues: &[Arc<EventQueue>]) -> Arc<dyn EventSink> {
    if queues.is_empty() {
        return Arc::new(NoEvents);
    }
    let sinks = queues
        .iter()
        .map(|queue| Arc::clone(queue) as Arc<dyn EventSink>);
    Arc::new(FanOut::new(sinks.collect()))
}

async fn close_queues(queues: Vec<Arc<EventQueue>>) -> anyhow::Result<()> {
    // Closing waits for the sink.
    tokio::task::spawn_blocking(move || {
        for queue in &queues {
            queue.close();
            let dropped = queue.dropped();
            if dropped > 0 {
                tracing::warn!(dropped, "events were dropped: their sink was too slow");
            }
        }
    })
    .await?;
    Ok(())
}

fn pseudonymizer(database: &SqliteIssuer) -> Pseudonymizer {
    let key = database.service_keys().event_key();
    Pseudonymizer::new(Zeroizing::new(*key.as_bytes()))
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}"))
}

async fn serve_admin(
    listener: Option<TcpListener>,
    metrics: Metrics,
    limits: ConnectionLimits,
    stopping: watch::Receiver<bool>,
) {
    if let Some(listener) = listener {
        anteroom_service::serve(listener, metrics.router(), limits, stopped(stopping)).await;
    }
}

async fn stopped(mut stopping: watch::Receiver<bool>) {
    // Without the sender there is nothing more to wait for.
    let _ = stopping.wait_for(|stop| *stop).await;
}

fn announce(addresses: &Addresses) {
    tracing::info!("the issuer listens on {}", addresses.issuer);
    if let Some(admin) = &addresses.admin {
        tracing::info!("metrics are on {admin}/metrics");
    }
}
