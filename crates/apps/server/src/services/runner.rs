//! The life of a service, from its first opening to its end.
//!
//! A service whose database cannot be opened answers 503 and retries, so that the other service of the
//! process runs and this one recovers by itself.

use std::{future, sync::Arc, time::Duration};

use anteroom_console::{data_dir::DataDir, environment::Environment};
use anteroom_http_server::{RouteOperation, metrics_router};
use anteroom_runtime::{Backoff, Dependency, HealthRegistry, Monitor, spawn_task};
use anteroom_store::{KeyError, MasterKey, StoreError};
use anyhow::{Context as _, anyhow};
use axum::Router;
use tokio::{sync::watch, task::JoinHandle, time::sleep};

use super::{
    EventSinks, OpenServices, ServiceRoutes, Telemetry,
    instance::named_instance,
    router_slot::{ClosedDatabase, RouterSlot, waiting_router},
    stopped,
};
use crate::{
    database_explanation::sentence, installation::Installation, master_key, media::OpenMedia,
    settings::Settings,
};

const BACKOFF: Backoff = Backoff {
    first: Duration::from_secs(1),
    factor: 2,
    longest: Duration::from_secs(30),
};

/// The settings, the data and the environment of a service.
#[derive(Clone)]
pub struct ServiceContext {
    /// The settings of the process.
    pub settings: Settings,
    /// The data directory.
    pub data: DataDir,
    /// The variables, with the secrets.
    pub environment: Environment,
    /// The record of the databases in the data directory.
    pub installation: Arc<Installation>,
    /// The URL for clients of this process.
    pub url: String,
    /// The events and metrics, shared by all attempts to open the service.
    pub telemetry: Telemetry,
    /// The media server for calls, where they carry sound and picture.
    pub media: Option<OpenMedia>,
}

/// The error context of a service that cannot use its database.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the service cannot work with its database")]
pub struct DatabaseFailure;

/// The route slots of all listeners, which an open service sets.
#[derive(Clone, Default)]
pub struct Slots {
    pub public: RouterSlot,
    pub internal: RouterSlot,
}

/// A service of this process.
pub trait HostedService: Sized + Send + 'static {
    /// Its name in the log.
    const NAME: &'static str;
    /// The operations of its public routes.
    const OPERATIONS: &'static [RouteOperation];
    /// The operations of its internal routes.
    const INTERNAL_OPERATIONS: &'static [RouteOperation] = &[];

    /// Returns the public routes that speak for the process alone.
    fn process_router() -> Router {
        Router::new()
    }

    /// Opens the database, and puts the service together.
    fn open(
        context: &ServiceContext,
        key: &MasterKey,
        services: &OpenServices,
    ) -> impl Future<Output = anyhow::Result<Self>> + Send;

    /// Publishes the service to the others and to its listeners.
    fn publish(
        &self,
        context: &ServiceContext,
        services: &OpenServices,
        slots: &Slots,
    ) -> impl Future<Output = ()> + Send;

    /// Starts the background task, which ends when the service is told to stop.
    fn start_background(&self, stopping: watch::Receiver<bool>) -> JoinHandle<()>;

    /// Writes the waiting events, and closes the database.
    fn close(self) -> impl Future<Output = anyhow::Result<()>> + Send;
}

/// The outcome of the first opening.
pub struct Attempt<S> {
    context: ServiceContext,
    slots: Slots,
    outcome: anyhow::Result<S>,
}

impl<S: HostedService> Attempt<S> {
    /// Opens the service, and publishes it to the other one and to its listeners.
    ///
    /// # Errors
    /// Its settings cannot be used.
    pub async fn new(
        context: ServiceContext,
        key: &MasterKey,
        services: &OpenServices,
    ) -> anyhow::Result<Self> {
        let slots = Slots::default();
        let outcome = match S::open(&context, key, services).await {
            Err(error) if error.downcast_ref::<DatabaseFailure>().is_none() => return Err(error),
            outcome => outcome,
        };
        if let Ok(service) = &outcome {
            service.publish(&context, services, &slots).await;
        }
        Ok(Self {
            context,
            slots,
            outcome,
        })
    }

    /// Returns the routes to be served from the start on, whether the service is open or not.
    pub fn routes(&self) -> ServiceRoutes {
        let metrics = &self.context.telemetry.metrics;
        let limits = self.context.settings.http.http_limits();
        let waiting =
            |probes, operations| waiting_router(probes, operations, limits, metrics.clone());
        let public = waiting(S::process_router(), S::OPERATIONS);
        let internal = waiting(Router::new(), S::INTERNAL_OPERATIONS);
        ServiceRoutes {
            public: named_instance(self.slots.public.router(public)),
            internal: self.slots.internal.router(internal),
            metrics: metrics_router(metrics),
            counts: metrics.clone(),
        }
    }

    /// Returns the failure that only an operator can end, if that is the outcome.
    pub fn mistake(&self) -> Option<&anyhow::Error> {
        self.outcome
            .as_ref()
            .err()
            .filter(|error| is_mistake(error))
    }

    /// Runs the service, or retries opening it.
    pub fn run(self, services: &Arc<OpenServices>, stopping: &watch::Receiver<bool>) -> Runner<S> {
        let Self {
            context,
            slots,
            outcome,
        } = self;
        match outcome {
            Ok(service) => Runner::Open(service.start_background(stopping.clone()), service),
            Err(error) => {
                let failure = sentence(&error);
                tracing::error!(
                    "the {} does not run: {failure}; its listener answers 503, and it is tried again",
                    S::NAME
                );
                let events = context.telemetry.events.clone();
                let waiting = PendingService {
                    context,
                    services: Arc::clone(services),
                    slots,
                    failure,
                    database: Arc::default(),
                };
                let waiting = spawn_task("service-start", waiting.wait(stopping.clone()));
                Runner::Waiting(waiting, events)
            }
        }
    }
}

/// A service of this process until its end.
pub enum Runner<S> {
    /// The service and its background task.
    Open(JoinHandle<()>, S),
    /// A task that ends with the opened service and its background task, or with the reason why it never
    /// opened.
    Waiting(JoinHandle<anyhow::Result<(JoinHandle<()>, S)>>, EventSinks),
}

impl<S: HostedService> Runner<S> {
    /// Waits for the background tasks, writes the events and closes the database.
    ///
    /// # Errors
    /// The service never ran.
    pub async fn finish(self) -> anyhow::Result<()> {
        let (background, service) = match self {
            Self::Open(background, service) => (background, service),
            Self::Waiting(waiting, events) => match waiting.await? {
                Ok(running) => running,
                Err(error) => {
                    events.close().await?;
                    return Err(error);
                }
            },
        };
        background.await?;
        service.close().await
    }
}

/// A service whose opening failed.
struct PendingService {
    context: ServiceContext,
    services: Arc<OpenServices>,
    slots: Slots,
    failure: String,
    database: Arc<ClosedDatabase>,
}

impl PendingService {
    /// Tries to open the service until it is open or stopped. Meanwhile it advances the time of alerts.
    async fn wait<S: HostedService>(
        self,
        stopping: watch::Receiver<bool>,
    ) -> anyhow::Result<(JoinHandle<()>, S)> {
        let mut dependencies = self.context.telemetry.events.dependencies();
        dependencies.push(Arc::clone(&self.database) as Arc<dyn Dependency>);
        let registry = HealthRegistry::new(dependencies);
        let monitor = Monitor::new(&registry, &self.context.telemetry.metrics);
        let monitoring = async {
            monitor.run().await;
            future::pending().await
        };
        tokio::select! {
            outcome = self.retry(stopping) => outcome,
            outcome = monitoring => outcome,
        }
    }

    async fn retry<S: HostedService>(
        mut self,
        stopping: watch::Receiver<bool>,
    ) -> anyhow::Result<(JoinHandle<()>, S)> {
        let mut failures = 0;
        loop {
            self.database.state.failed();
            tokio::select! {
                () = stopped(stopping.clone()) => {
                    return Err(anyhow!("the {} never ran: {}", S::NAME, self.failure));
                }
                () = sleep(BACKOFF.pause(failures)) => {}
            }
            failures = failures.saturating_add(1);
            match self.open::<S>().await {
                Ok(service) => {
                    self.database.state.succeeded();
                    service
                        .publish(&self.context, &self.services, &self.slots)
                        .await;
                    tracing::info!("the {} runs: its database is open", S::NAME);
                    return Ok((service.start_background(stopping), service));
                }
                Err(error) => self.report(S::NAME, &error),
            }
        }
    }

    async fn open<S: HostedService>(&self) -> anyhow::Result<S> {
        let context = &self.context;
        let key = master_key::find(&context.data, &context.environment)?
            .context("the master key is missing")?;
        let service = S::open(context, &key, &self.services).await?;
        if let Err(error) = context.installation.save() {
            tracing::error!("{}", sentence(&error));
        }
        Ok(service)
    }

    /// Logs each failure once, not each attempt.
    fn report(&mut self, name: &str, error: &anyhow::Error) {
        let failure = sentence(error);
        if failure != self.failure {
            tracing::error!("the {name} does not run: {failure}");
            self.failure = failure;
        }
    }
}

/// Returns whether a retry is useless, since the operator must decide. A damaged, locked or unreadable
/// database can recover by itself or by a restore.
fn is_mistake(error: &anyhow::Error) -> bool {
    let stored = error.chain().find_map(|cause| cause.downcast_ref());
    match stored {
        Some(StoreError::Keys(KeyError::WrongMasterKey)) => true,
        Some(error) => !error.is_transient(),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_time_or_a_restore_can_end_is_no_mistake() {
        let unavailable = || StoreError::Unavailable {
            source: "locked".into(),
        };
        let damaged = || StoreError::Damaged {
            source: "not a database".into(),
        };
        let newer = || StoreError::UnknownSchema {
            source: "newer".into(),
        };
        for (error, expected) in [
            (anyhow!(unavailable()).context("cannot be opened"), false),
            (anyhow!(damaged()), false),
            (anyhow!(StoreError::Keys(KeyError::DamagedKeys)), false),
            (anyhow!(StoreError::Keys(KeyError::WrongMasterKey)), true),
            (anyhow!(newer()).context("cannot be opened"), true),
            (anyhow!("the database is missing"), true),
        ] {
            assert_eq!(is_mistake(&error), expected, "{error:#}");
        }
    }
}
