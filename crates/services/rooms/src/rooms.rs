//! A room service: its parts, its start and its end.

use std::{
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use anteroom_http_client::HttpClientError;
use anteroom_http_server::HttpLimits;
use anteroom_runtime::{
    Clock, Dependency, Entropy, EventSink, HealthRegistry, Metrics, Monitor, Pseudonymizer,
    RateLimiter, task_span,
};
use anteroom_store::RoomsDatabase;
use futures::future::OptionFuture;
use tokio::time::timeout;
use tracing::Instrument as _;

use crate::{
    Media, MediaBackend, RoomsSettings, StoredParams, VerifierKeys,
    domain::{
        calls::{Calls, context::CallContext},
        cleaner::Cleaner,
        context::RoomContext,
        events::RoomEvents,
        external_media::pool::ExternalMediaPool,
        limits::UserLimits,
        links::Links,
        message_operations::SocketRecorders,
        node::LocalNode,
        socket_budgets::SocketBudgets,
        transactions::{DatabaseHealth, Transactions},
        verification::PresentationVerifier,
    },
    state::RoomsState,
};

/// The maximum time for calls and sockets to end when the node stops.
const CLOSING: Duration = Duration::from_secs(10);

/// The parts of a room service.
pub struct RoomsParts {
    /// Links, approvals and call records.
    pub database: Arc<dyn RoomsDatabase>,
    /// The source of the time.
    pub clock: Arc<dyn Clock>,
    /// Randomness for eras, demux ids, secrets, request ids and jitter.
    pub entropy: Arc<dyn Entropy>,
    /// The server params that verify presentations.
    pub keys: VerifierKeys,
    /// The sink of events.
    pub events: Arc<dyn EventSink>,
    /// The buckets of the rate limits.
    pub limiter: Arc<dyn RateLimiter>,
    /// The pseudonyms of rooms in events.
    pub pseudonymizer: Pseudonymizer,
    /// The limits of HTTP requests.
    pub http: HttpLimits,
    /// The registry of metrics.
    pub metrics: Metrics,
    /// The number of verifications that run at the same time: the number of cores.
    pub verifications: NonZeroUsize,
    /// The media server that carries the calls of this node. Without one, calls have no media, or those of external
    /// media servers ([`Media::Sfu`]).
    pub media: Option<Arc<dyn MediaBackend>>,
    /// The dependencies in the readiness report besides the database and the media servers.
    pub dependencies: Vec<Arc<dyn Dependency>>,
    /// The operator's settings.
    pub settings: RoomsSettings,
}

/// The reason why a room service cannot be created.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The HTTP client for the media servers cannot be set up.
    #[error("the HTTP client for the media servers cannot be set up")]
    MediaClient(#[source] HttpClientError),
    /// The name of the node or of a media server is too long for call records.
    #[error("the node's name or a media server's address is too long")]
    NameTooLong,
}

/// A room service. Clones are the same service.
#[derive(Clone)]
pub struct Rooms(pub(crate) Arc<RoomsState>);

impl Rooms {
    /// Creates a room service.
    ///
    /// # Errors
    /// [`SetupError`] for settings that cannot be used.
    pub fn new(parts: RoomsParts) -> Result<Self, SetupError> {
        let settings = parts.settings;
        let external_media = match &settings.media {
            Media::Embedded => None,
            Media::Sfu(sfu) => {
                let pool = ExternalMediaPool::new(sfu, settings.cleaner);
                Some(pool.map_err(SetupError::MediaClient)?)
            }
        };
        let node = LocalNode::new(settings.node.clone(), external_media.is_some())
            .map_err(|_| SetupError::NameTooLong)?;
        let clock = parts.clock;
        let verifier = Arc::new(PresentationVerifier::new(
            parts.keys,
            parts.verifications,
            settings.verifications,
            Arc::clone(&parts.limiter),
            parts.pseudonymizer.clone(),
            Arc::clone(&clock),
        ));
        let mut dependencies: Vec<Arc<dyn Dependency>> = vec![
            Arc::new(DatabaseHealth(Arc::clone(&parts.database))),
            Arc::clone(&verifier) as _,
        ];
        if let Some(media) = &external_media {
            dependencies.push(Arc::new(media.clone()));
        }
        dependencies.extend(parts.dependencies);
        let health = HealthRegistry::new(dependencies);
        let monitor = Monitor::new(&health, &parts.metrics);
        let open_sockets = parts
            .metrics
            .guarded_gauge("open_sockets", "Sockets that are open, joined or not");
        let context = Arc::new(RoomContext {
            transactions: Transactions::new(parts.database, Arc::clone(&clock)),
            verifier,
            limits: UserLimits {
                limiter: parts.limiter,
                pseudonymizer: parts.pseudonymizer.clone(),
                clock: Arc::clone(&clock),
                wrong_passkeys: settings.wrong_passkeys,
                guest_joins: settings.guest_joins,
            },
            events: RoomEvents {
                sink: parts.events,
                pseudonymizer: parts.pseudonymizer,
                clock: Arc::clone(&clock),
            },
            clock,
            entropy: parts.entropy,
            node,
        });
        let calls = CallContext::new(Arc::clone(&context), &settings, parts.media, &parts.metrics);
        let calls = Arc::new(Calls::new(calls));
        Ok(Self(Arc::new(RoomsState {
            links: Arc::new(Links {
                context: Arc::clone(&context),
                calls: Arc::clone(&calls),
                has_epochs: settings.epochs,
            }),
            cleaner: Cleaner {
                context: Arc::clone(&context),
                calls: Arc::clone(&calls),
                media: external_media.clone(),
                settings: settings.cleaner,
                leases: settings.leases,
                is_purging: AtomicBool::new(true),
            },
            context,
            calls,
            external_media,
            sockets: SocketBudgets::new(&settings.sockets, &parts.metrics),
            operations: SocketRecorders::new(&parts.metrics),
            connections: AtomicU64::new(0),
            open_sockets,
            settings,
            http: parts.http,
            metrics: parts.metrics,
            health,
            monitor,
        })))
    }

    /// Replaces the server params from the next request on. Members of calls stay in them.
    pub fn replace_keys(&self, keys: VerifierKeys) {
        self.0.context.verifier.replace_params(keys);
    }

    /// Sets whether all stored rows of server params are readable. Readiness reports `degraded`
    /// while they are not.
    pub fn set_stored_params(&self, stored: StoredParams) {
        self.0.context.verifier.set_stored_params(stored);
    }

    /// Removes the call records that an earlier run of this node left, so that their rooms can be
    /// joined at once, and checks the media servers. Call it once, before serving.
    ///
    /// Another process must not run under this node's name.
    pub async fn recover(&self) {
        match &self.0.external_media {
            Some(media) => media.check_servers().await,
            None => self.0.cleaner.forget_own_calls().await,
        }
    }

    /// Checks the media servers and cleans the records until `shutdown` completes.
    pub async fn run_background(&self, shutdown: impl Future<Output = ()>) {
        let watch =
            OptionFuture::from(self.0.external_media.as_ref().map(ExternalMediaPool::watch));
        let tasks = async {
            tokio::join!(
                watch.instrument(task_span("media-health")),
                self.0.cleaner.run().instrument(task_span("cleaner")),
                self.0.monitor.run()
            );
        };
        tokio::select! {
            () = shutdown => {}
            () = tasks => {}
        }
    }

    /// Sets whether links past their end are deleted. The default is `true`.
    pub fn set_purging(&self, purges: bool) {
        let is_purging = &self.0.cleaner.is_purging;
        is_purging.store(purges, Ordering::Release);
    }

    /// Checks the dependencies once. [`Rooms::run_background`] does so periodically.
    pub async fn check_dependencies(&self) {
        self.0.monitor.check_once().await;
    }

    /// Runs one round of the cleaner: asks the media servers about recorded calls, removes dead
    /// records and purges links that are past their end.
    pub async fn clean(&self) {
        self.0.cleaner.clean().await;
    }

    /// Returns the number of open sockets, joined or not.
    #[must_use]
    pub fn open_sockets(&self) -> i64 {
        self.0.open_sockets.number()
    }

    /// Returns the number of calls at this node.
    #[must_use]
    pub fn live_calls(&self) -> i64 {
        self.0.calls.live().number()
    }

    /// Completes when this node has no calls and no open sockets.
    pub async fn idle(&self) {
        self.0.calls.live().none().await;
        self.0.open_sockets.none().await;
    }

    /// Ends the calls and closes the sockets of this node, removes the calls' records, and refuses
    /// new joins. Waits at most 10 s for clients to disconnect. Call it when the node stops.
    pub async fn close(&self) {
        let closed = async {
            self.0.calls.close().await;
            self.idle().await;
        };
        if timeout(CLOSING, closed).await.is_err() {
            tracing::warn!("calls or sockets did not end in time");
        }
    }
}
