//! The events of issued batches.

use anteroom_protocol::Aci;

use crate::domain::{account_events::AccountEvents, range::RedemptionRange};

/// Emits the event of issued call-link credentials.
pub(crate) fn emit_batch_issued(events: &AccountEvents, aci: &Aci, range: RedemptionRange) {
    events.emit("call_link.auth_batch_issued", aci, |event| {
        event
            .with("redemption_start", range.start().as_secs())
            .with("redemption_end", range.end().as_secs())
    });
}

/// Emits the event of issued group credentials.
pub(crate) fn emit_group_issued(
    events: &AccountEvents,
    aci: &Aci,
    range: RedemptionRange,
    count: usize,
) {
    events.emit("group_credentials.issued", aci, |event| {
        event
            .with("redemption_start", range.start().as_secs())
            .with("redemption_end", range.end().as_secs())
            .with("credential_count", count)
    });
}
