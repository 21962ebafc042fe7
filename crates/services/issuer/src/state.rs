//! The state that the endpoints share.

use std::sync::Arc;

use anteroom_accounts::{Accounts, Caller, Guests};
use anteroom_http_server::HttpLimits;
use anteroom_protocol::Timestamp;
use anteroom_runtime::{Clock, Count, Entropy, HealthRegistry, Metrics, Monitor};
use anteroom_store::AccountKind;
use anteroom_turn::Relays;
use arc_swap::ArcSwap;

use crate::domain::{
    account_events::AccountEvents, account_limit::AccountLimits, issuing_params::IssuingParams,
};

/// The parts that the endpoints take.
pub(crate) struct IssuerState {
    pub(crate) accounts: Accounts,
    /// The rights of guests.
    pub(crate) guests: Guests,
    pub(crate) limits: AccountLimits,
    pub(crate) events: AccountEvents,
    /// The current server params. A request uses one load throughout.
    pub(crate) params: Arc<ArcSwap<IssuingParams>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) relays: Relays,
    pub(crate) relay_provider_errors: Count,
    pub(crate) http: HttpLimits,
    pub(crate) metrics: Metrics,
    pub(crate) health: HealthRegistry,
    pub(crate) monitor: Monitor,
}

impl IssuerState {
    /// Returns whether the caller is a guest, and the settings allow no guests any more.
    pub(crate) fn refuses_guest(&self, caller: &Caller) -> bool {
        caller.account.kind == AccountKind::Guest && self.guests == Guests::Off
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
