//! The state that the endpoints share.

use std::{sync::Arc, time::Duration};

use anteroom_http_server::{HttpLimits, Problem, problems, request_client};
use anteroom_protocol::{Aci, Timestamp};
use anteroom_runtime::{
    Admission, ClientAddress, Clock, Entropy, Event, EventSink, Pseudonymizer, RateLimiter,
    network_windows,
};
use anteroom_store::{
    AddressPseudonym, Availability, DeviceRetention, IssuerDatabase, IssuerRepository, StoreError,
};
use http::request::Parts;

use crate::{
    domain::{
        callers::authenticator::{Authenticator, Caller, in_time},
        client_limits::ClientLimit,
        devices::{
            changes::{DeviceChange, DeviceChanges},
            events::DeviceEvents,
            notice::DeviceNotice,
        },
        job_queue::JobQueue,
        login::{delay::DelayedAttempts, known_networks::KnownNetworks},
        passwords::attempt_source::AttemptSource,
        tokens::token_source::TokenSource,
    },
    parts::LoginParts,
};

/// The maximum time of a transaction.
const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(5);

/// The state that the endpoints of accounts share.
pub(crate) struct AccountsState {
    pub(crate) authenticator: Authenticator,
    pub(crate) database: Arc<dyn IssuerDatabase>,
    pub(crate) login: LoginParts,
    pub(crate) tokens: Arc<TokenSource>,
    pub(crate) delayed_attempts: DelayedAttempts,
    pub(crate) known_networks: KnownNetworks,
    pub(crate) job_queue: JobQueue,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) events: Arc<dyn EventSink>,
    pub(crate) device_events: DeviceEvents,
    pub(crate) limiter: Arc<dyn RateLimiter>,
    pub(crate) pseudonymizer: Pseudonymizer,
    pub(crate) http: HttpLimits,
}

impl AccountsState {
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
