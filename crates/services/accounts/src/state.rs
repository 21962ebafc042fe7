//! The state that the endpoints share.

use std::{sync::Arc, time::Duration};

use anteroom_http_server::HttpLimits;
use anteroom_protocol::{Aci, Timestamp};
use anteroom_runtime::{
    ClientAddress, Clock, Entropy, Event, EventSink, Pseudonymizer, RateLimiter,
};
use anteroom_store::{
    AddressPseudonym, Availability, DeviceRetention, IssuerDatabase, IssuerRepository, StoreError,
};

use crate::{
    domain::{
        callers::authenticator::Authenticator,
        devices::{changes::DeviceChanges, events::DeviceEvents},
        failure::{Failure, in_time},
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

    pub(crate) fn emit_event(&self, event: Event) {
        self.events.emit(event);
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
    /// [`Failure::Unavailable`] if it does not.
    pub(crate) async fn check_database(&self) -> Result<(), Failure> {
        match self.stored(self.database.ready()).await? {
            Availability::ReadWrite => Ok(()),
            Availability::ReadOnly => Err(Failure::Unavailable),
        }
    }

    /// Waits for the database.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] when the database is unavailable or takes too long, else
    /// [`Failure::Internal`].
    pub(crate) async fn stored<T>(
        &self,
        transaction: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, Failure> {
        in_time(TRANSACTION_TIMEOUT, transaction).await
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
