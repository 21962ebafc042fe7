//! The events about accounts.

use std::sync::Arc;

use anteroom_protocol::Aci;
use anteroom_runtime::{Clock, Event, EventSink, Pseudonymizer};

/// Emits events about accounts, by pseudonyms.
pub(crate) struct AccountEvents {
    pub(crate) sink: Arc<dyn EventSink>,
    pub(crate) pseudonymizer: Pseudonymizer,
    pub(crate) clock: Arc<dyn Clock>,
}

impl AccountEvents {
    /// Emits an event about the account. `describe` adds to the payload.
    pub(crate) fn emit(
        &self,
        name: &'static str,
        aci: &Aci,
        describe: impl FnOnce(Event) -> Event,
    ) {
        let pseudonym = self.pseudonymizer.account(aci).to_string();
        let event = Event::new(name, self.clock.now()).with("account_id", pseudonym);
        self.sink.emit(describe(event));
    }
}
