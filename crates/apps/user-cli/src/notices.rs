//! Messages to the user about an issuer's params, on standard error.

use anteroom_client::{ParamsKind, ParamsSummary, ParamsSwitch, TrustedParams};
use anteroom_console::terminal::day;
use anteroom_protocol::Timestamp;

/// Logs the new pins.
pub(crate) fn of_pins(params: &TrustedParams) {
    for ParamsSummary { kind, id, validity } in params.newly_pinned() {
        tracing::info!(
            "pinned the issuer's {kind} params {id}, which issue from {} on: compare that id with \
             what others see",
            day(validity.not_before)
        );
    }
}

/// Logs the params that took over, those of a link that the user does not trust elsewhere, those that will
/// need trust, and the keys of certificates that need it now. Returns the same lines, for a screen that covers the log.
pub(crate) fn of_changes(params: &TrustedParams, now: Timestamp) -> Vec<String> {
    let mut lines = Vec::new();
    for ParamsSwitch { previous, current } in params.switches() {
        let ParamsSummary { kind, id, validity } = current;
        lines.push(format!(
            "the issuer has changed its {kind} params: {previous} until now, {id} from {} on, which \
             are pinned: compare that id with what others see",
            day(validity.not_before)
        ));
    }
    if let Some(ParamsSummary { kind, id, validity }) = params.link_params() {
        lines.push(format!(
            "this link was made under other params than yours: {kind} params {id}, which issue from \
             {} on. They count for this room alone; compare that id with what others see",
            day(validity.not_before)
        ));
    }
    let now = params.issuer_time().map_or(now, |issuer| issuer.max(now));
    for ParamsSummary { kind, id, validity } in params.announced(now) {
        // By the issuer's clock: a slow one here would announce params that are in use.
        // Untrusted params in use are refused at their use, with an error of their own.
        if validity.not_before > now {
            let next = match kind {
                ParamsKind::Guest => "join a call as a guest",
                _ => "run anteroom credential renew",
            };
            lines.push(format!(
                "from {} on the issuer uses the {kind} params {id}, which are new here: compare \
                 that id with what others see, then {next} once with --trust {id}",
                day(validity.not_before)
            ));
        }
    }
    // Nothing is refused for want of a certificate: without this line nobody would know.
    for ParamsSummary { id, .. } in params.untrusted_certificate_keys(now) {
        lines.push(format!(
            "this device gets no certificate: the issuer signs them under the certificate params {id}, \
             which are new here. Compare that id with what others see, then run anteroom credential \
             renew once with --trust {id}"
        ));
    }
    for line in &lines {
        tracing::warn!("{line}");
    }
    lines
}
