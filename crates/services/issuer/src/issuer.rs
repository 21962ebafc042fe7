//! The parts of an issuer, and the state that its endpoints share.

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use anteroom_http_server::{HttpLimits, Problem, problems, request_client};
use anteroom_protocol::{Aci, Timestamp};
use anteroom_runtime::{
    Admission, ClientAddress, Clock, Count, Dependency, Entropy, Event, EventSink, Health,
    HealthRegistry, Metrics, Monitor, Pseudonymizer, RateLimiter, Workers, network_windows,
};
use anteroom_store::{
    AddressPseudonym, Availability, DeviceRetention, IssuerDatabase, IssuerRepository, StoreError,
};
use anteroom_turn::Relays;
use async_trait::async_trait;
use http::request::Parts;

use crate::{
    IssuingParams, LoginParts,
    auth::{Authenticator, Caller, in_time},
    device_use_writer::DeviceUseWriter,
    devices::{DeviceChange, DeviceChanges, DeviceEvents, DeviceNotice},
    identities::Identities,
    issuing_params::CurrentParams,
    job_queue::JobQueue,
    limits::IssuerLimits,
    login::{AttemptSource, ClientLimit, DelayedAttempts, KnownNetworks, TokenSource},
};

/// The maximum time of a transaction.
const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(5);

/// The parts of an issuer.
pub struct IssuerParts {
    /// Accounts and devices.
    pub database: Arc<dyn IssuerDatabase>,
    /// The source of the time.
    pub clock: Arc<dyn Clock>,
    /// Randomness for credentials and request ids.
    pub entropy: Arc<dyn Entropy>,
    /// The server params.
    pub params: IssuingParams,
    /// The sink of events.
    pub events: Arc<dyn EventSink>,
    /// The buckets of the rate limits.
    pub limiter: Arc<dyn RateLimiter>,
    /// The pseudonyms of accounts in events.
    pub pseudonymizer: Pseudonymizer,
    /// The sizes of the rate limits.
    pub limits: IssuerLimits,
    /// The limits of HTTP requests.
    pub http: HttpLimits,
    /// The registry of metrics.
    pub metrics: Metrics,
    /// The number of threads for zero-knowledge work: the number of cores.
    pub workers: NonZeroUsize,
    /// The dependencies in the readiness report besides the database and the server params.
    pub dependencies: Vec<Arc<dyn Dependency>>,
    /// The source of credentials for relays, which the readiness report also shows.
    pub relays: Relays,
    /// The parts of logins with email and password, and of identity providers.
    pub login: LoginParts,
}

/// An issuer. Clones are the same issuer.
#[derive(Clone)]
pub struct Issuer(pub(crate) Arc<IssuerState>);

/// The state that the handlers share.
pub(crate) struct IssuerState {
    pub(crate) authenticator: Authenticator,
    pub(crate) database: Arc<dyn IssuerDatabase>,
    pub(crate) login: LoginParts,
    pub(crate) tokens: Arc<TokenSource>,
    pub(crate) delayed_attempts: DelayedAttempts,
    pub(crate) known_networks: KnownNetworks,
    pub(crate) job_queue: JobQueue,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) params: Arc<CurrentParams>,
    events: Arc<dyn EventSink>,
    pub(crate) device_events: DeviceEvents,
    pub(crate) limiter: Arc<dyn RateLimiter>,
    pub(crate) pseudonymizer: Pseudonymizer,
    pub(crate) limits: IssuerLimits,
    pub(crate) http: HttpLimits,
    pub(crate) metrics: Metrics,
    pub(crate) workers: Workers,
    pub(crate) health: HealthRegistry,
    monitor: Monitor,
    pub(crate) relays: Relays,
    pub(crate) relay_provider_errors: Count,
}

impl Issuer {
    /// Creates an issuer.
    #[must_use]
    pub fn new(parts: IssuerParts) -> Self {
        let params = Arc::new(CurrentParams::new(parts.params));
        let mut dependencies: Vec<Arc<dyn Dependency>> = vec![
            Arc::new(DatabaseHealth(Arc::clone(&parts.database))),
            Arc::new(ParamsHealth {
                params: Arc::clone(&params),
                clock: Arc::clone(&parts.clock),
                kind: ParamsKind::Generic,
            }),
            Arc::new(ParamsHealth {
                params: Arc::clone(&params),
                clock: Arc::clone(&parts.clock),
                kind: ParamsKind::Group,
            }),
        ];
        dependencies.extend(parts.dependencies);
        dependencies.extend(parts.relays.dependencies());
        let relay_provider_errors = parts.metrics.count(
            "relay_provider_errors",
            "Requests for relays that failed for want of credentials",
        );
        let health = HealthRegistry::new(dependencies);
        let monitor = Monitor::new(&health, &parts.metrics);
        let login = parts.login;
        let tokens = Arc::new(TokenSource::new(
            &login.settings.public_url,
            Arc::clone(&parts.database),
        ));
        let device_events =
            DeviceEvents::new(Arc::clone(&parts.events), parts.pseudonymizer.clone());
        let identities = login.identities.clone().map(|verifier| {
            let settings = &login.settings;
            let retention = settings.device_retention;
            Identities::new(verifier, settings.provision, retention)
        });
        let device_use_writer =
            DeviceUseWriter::new(Arc::clone(&parts.database), Arc::clone(&parts.entropy));
        let authenticator = Authenticator::new(
            Arc::clone(&parts.database),
            Arc::clone(&parts.clock),
            Arc::clone(&tokens),
            identities,
            device_use_writer,
        );
        Self(Arc::new(IssuerState {
            authenticator,
            database: parts.database,
            known_networks: KnownNetworks::new(login.settings.known_networks),
            login,
            tokens,
            delayed_attempts: DelayedAttempts::new(),
            job_queue: JobQueue::new(&parts.metrics),
            clock: parts.clock,
            entropy: parts.entropy,
            params,
            events: parts.events,
            device_events,
            limiter: parts.limiter,
            pseudonymizer: parts.pseudonymizer,
            limits: parts.limits,
            http: parts.http,
            metrics: parts.metrics,
            workers: Workers::new(parts.workers, parts.limits.work),
            health,
            monitor,
            relays: parts.relays,
            relay_provider_errors,
        }))
    }

    /// Waits until the pending uses of devices are stored. Call it before the database is
    /// closed.
    pub async fn device_uses_written(&self) {
        self.0.authenticator.device_uses_written().await;
    }

    /// Waits until the jobs of accepted requests are done: sign-ups, resets, mails.
    pub async fn background_idle(&self) {
        self.0.job_queue.idle().await;
    }

    /// Runs the jobs of accepted requests, for `patience` at most, then drops and counts the
    /// remaining ones. Call it before the mail queue and the database are closed.
    pub async fn close_background(&self, patience: Duration) {
        self.0.job_queue.close(patience).await;
    }

    /// Updates the alerts and checks the dependencies until `shutdown` completes.
    pub async fn run_background(&self, shutdown: impl Future<Output = ()>) {
        tokio::select! {
            () = shutdown => {}
            () = self.0.monitor.run() => {}
        }
    }

    /// Checks the dependencies once. [`Issuer::run_background`] does so periodically.
    pub async fn check_dependencies(&self) {
        self.0.monitor.check_once().await;
    }

    /// Replaces the server params from the next request on.
    pub fn replace_params(&self, params: IssuingParams) {
        self.0.params.replace(params);
    }
}

impl IssuerState {
    /// Authenticates a request: `None` if the credentials are missing or wrong.
    pub(crate) async fn authenticate(
        self: &Arc<Self>,
        head: &Parts,
    ) -> Result<Option<Caller>, Problem> {
        let address = self.address(request_client(&head.extensions));
        let mut changes = Vec::new();
        let caller = self
            .authenticator
            .authenticate(&head.headers, address, &*self.entropy, &mut changes)
            .await;
        for change in &changes {
            self.announce(change);
        }
        caller
    }

    /// Returns the pseudonym of a client's address; `None` if the address is unknown.
    pub(crate) fn address(&self, client: ClientAddress) -> Option<AddressPseudonym> {
        if client == ClientAddress::UNKNOWN {
            return None;
        }
        let pseudonym = self.pseudonymizer.address(client);
        Some(AddressPseudonym::from_bytes(pseudonym.to_bytes()))
    }

    /// Returns the period after which devices are stale.
    pub(crate) fn device_retention(&self) -> DeviceRetention {
        self.login.settings.device_retention
    }

    /// Starts changes of devices in a transaction.
    pub(crate) fn device_changes<'a>(
        &self,
        transaction: &'a mut dyn IssuerRepository,
        now: Timestamp,
    ) -> DeviceChanges<'a> {
        DeviceChanges::new(transaction, self.device_retention(), now)
    }

    /// Announces a saved change of a device. Sends a mail to the owner of a new device.
    pub(crate) fn announce(self: &Arc<Self>, change: &DeviceChange) {
        if change.is_end() {
            self.authenticator
                .forget_device(change.owner(), change.device());
        }
        let now = self.now();
        self.device_events.announce(change, now);
        if let Some((name, is_only)) = change.new_device()
            && self.login.mail.is_some()
        {
            self.start_notice(DeviceNotice {
                owner: *change.owner(),
                name: name.clone(),
                is_only,
                registered: now,
            });
        }
    }

    /// Emits an event about the account. `describe` adds to the payload.
    pub(crate) fn emit(
        &self,
        name: &'static str,
        aci: &Aci,
        describe: impl FnOnce(Event) -> Event,
    ) {
        let pseudonym = self.pseudonymizer.account(aci).to_string();
        let event = Event::new(name, self.clock.now()).with("account_id", pseudonym);
        self.events.emit(describe(event));
    }

    pub(crate) fn emit_event(&self, event: Event) {
        self.events.emit(event);
    }

    /// Admits a client under a limit of the login, which applies to all networks of its address.
    ///
    /// # Errors
    /// 429 when the limit is reached.
    pub(crate) async fn admit(
        &self,
        limit: &ClientLimit,
        client: ClientAddress,
    ) -> Result<(), Problem> {
        let size = (limit.size)(&self.login.settings.limits);
        let windows = network_windows(&self.pseudonymizer, limit.name, client, size);
        match self.limiter.take_in_windows(&windows, self.now()).await {
            Admission::Granted => Ok(()),
            Admission::Limited(after) => Err(Problem::new(limit.refusal).retry_after(after)),
        }
    }

    /// Returns the class of a client whose password is to be hashed. `device_owner` is the account
    /// of the device whose last refresh token the client has shown.
    pub(crate) fn attempt_source(
        &self,
        client: ClientAddress,
        device_owner: Option<&Aci>,
    ) -> AttemptSource {
        let keys = &self.pseudonymizer;
        match device_owner {
            Some(aci) => AttemptSource::Device(keys.limit_key("login device", aci)),
            None if self.is_known_network(client) => AttemptSource::KnownNetwork(client),
            None => AttemptSource::UnknownNetwork(client),
        }
    }

    /// Returns whether a login succeeded recently from the client's network.
    pub(crate) fn is_known_network(&self, client: ClientAddress) -> bool {
        let keys = &self.pseudonymizer;
        self.known_networks.knows(keys, client, self.now())
    }

    /// Records a login, or a refresh of a session, from the client's network.
    pub(crate) fn note_network(&self, client: ClientAddress) {
        self.known_networks
            .note(&self.pseudonymizer, client, self.now());
    }

    /// Admits a request whose job runs later, if the database saves changes.
    ///
    /// # Errors
    /// 503 if it does not.
    pub(crate) async fn check_database(&self) -> Result<(), Problem> {
        match self.stored(self.database.ready()).await? {
            Availability::ReadWrite => Ok(()),
            Availability::ReadOnly => Err(Problem::new(&problems::UNAVAILABLE)),
        }
    }

    /// Waits for the database.
    ///
    /// # Errors
    /// 503 when the database is unavailable or takes too long, 500 when it fails.
    pub(crate) async fn stored<T>(
        &self,
        transaction: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, Problem> {
        in_time(TRANSACTION_TIMEOUT, transaction).await
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// Returns the problem for the case that no server params are live.
pub(crate) fn no_params() -> Problem {
    tracing::error!("no server params are live");
    Problem::new(&problems::UNAVAILABLE)
}

struct DatabaseHealth(Arc<dyn IssuerDatabase>);

#[async_trait]
impl Dependency for DatabaseHealth {
    fn name(&self) -> &'static str {
        "database"
    }

    /// Recent callers are authenticated without the database.
    fn required(&self) -> bool {
        false
    }

    async fn check(&self) -> Health {
        match self.0.ready().await {
            Ok(Availability::ReadWrite) => Health::Ok,
            Ok(Availability::ReadOnly) => Health::Degraded,
            Err(_) => Health::Failing,
        }
    }
}

enum ParamsKind {
    Generic,
    Group,
}

struct ParamsHealth {
    params: Arc<CurrentParams>,
    clock: Arc<dyn Clock>,
    kind: ParamsKind,
}

#[async_trait]
impl Dependency for ParamsHealth {
    fn name(&self) -> &'static str {
        match self.kind {
            ParamsKind::Generic => "call-link-params",
            ParamsKind::Group => "group-params",
        }
    }

    /// Call-link credentials are issued without the group params.
    fn required(&self) -> bool {
        matches!(self.kind, ParamsKind::Generic)
    }

    async fn check(&self) -> Health {
        let (now, params) = (self.clock.now(), self.params.current());
        let live = match self.kind {
            ParamsKind::Generic => params.issuing_generic(now).is_some(),
            ParamsKind::Group => params.issuing_group(now).is_some(),
        };
        if live { Health::Ok } else { Health::Failing }
    }
}
