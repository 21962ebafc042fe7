//! The events of issued batches.

use anteroom_protocol::Aci;
use anteroom_runtime::Event;

use crate::domain::{
    account_events::AccountEvents, credential_batches::IssuedBatch, range::RedemptionRange,
};

/// Emits one event for each kind of credentials in a batch.
pub(crate) fn emit_issued(
    events: &AccountEvents,
    aci: &Aci,
    range: RedemptionRange,
    batch: &IssuedBatch,
) {
    let with_days = |event: Event| {
        event
            .with("redemption_start", range.start().as_secs())
            .with("redemption_end", range.end().as_secs())
    };
    if let Some(credentials) = &batch.group {
        events.emit("group_credentials.issued", aci, |event| {
            with_days(event).with("credential_count", credentials.len())
        });
    }
    events.emit("call_link.auth_batch_issued", aci, with_days);
}
