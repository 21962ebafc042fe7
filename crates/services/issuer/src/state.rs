//! The state that the endpoints share.

use std::sync::Arc;

use anteroom_accounts::Accounts;
use anteroom_http_server::HttpLimits;
use anteroom_protocol::{Aci, Timestamp};
use anteroom_runtime::{
    Clock, Count, Entropy, Event, EventSink, HealthRegistry, Metrics, Monitor, Pseudonymizer,
    RateLimiter, Workers,
};
use anteroom_turn::Relays;

use crate::{domain::issuing_params::CurrentParams, limits::IssuerLimits};

/// The state that the handlers share.
pub(crate) struct IssuerState {
    pub(crate) accounts: Accounts,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) params: Arc<CurrentParams>,
    pub(crate) events: Arc<dyn EventSink>,
    pub(crate) limiter: Arc<dyn RateLimiter>,
    pub(crate) pseudonymizer: Pseudonymizer,
    pub(crate) limits: IssuerLimits,
    pub(crate) http: HttpLimits,
    pub(crate) metrics: Metrics,
    pub(crate) workers: Workers,
    pub(crate) health: HealthRegistry,
    pub(crate) monitor: Monitor,
    pub(crate) relays: Relays,
    pub(crate) relay_provider_errors: Count,
}

impl IssuerState {
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

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
