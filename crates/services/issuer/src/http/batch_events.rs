//! The events of issued batches.

use anteroom_protocol::Aci;

use crate::{domain::range::RedemptionRange, state::IssuerState};

/// Emits the event of issued call-link credentials.
pub(crate) fn emit_batch_issued(issuer: &IssuerState, aci: &Aci, range: RedemptionRange) {
    issuer.emit("call_link.auth_batch_issued", aci, |event| {
        event
            .with("redemption_start", range.start().as_secs())
            .with("redemption_end", range.end().as_secs())
    });
}

/// Emits the event of issued group credentials.
pub(crate) fn emit_group_issued(
    issuer: &IssuerState,
    aci: &Aci,
    range: RedemptionRange,
    count: usize,
) {
    issuer.emit("group_credentials.issued", aci, |event| {
        event
            .with("redemption_start", range.start().as_secs())
            .with("redemption_end", range.end().as_secs())
            .with("credential_count", count)
    });
}
