//! The selection of the listed params that issue at a moment.

use anteroom_protocol::Timestamp;

use super::ListedParams;
use crate::{CLOCK_TOLERANCE, pins::Params};

/// Returns the params that issue at a moment: the newest valid ones.
///
/// If an issuer lists both modes, legacy params are skipped: the issuer could otherwise distinguish its
/// clients by the mode that it chooses for each.
pub(super) fn at<P: Params>(
    entries: &[ListedParams<P>],
    moment: Timestamp,
) -> Option<&ListedParams<P>> {
    entries
        .iter()
        .filter(|listed| listed.validity.contains(moment))
        .max_by_key(|listed| (!listed.params.is_legacy(), listed.validity.not_before))
}

/// Returns the params that may issue now, those at this device's clock first. Around a change these are the
/// params of both periods, since the clocks of the issuer and of this device may differ by
/// [`CLOCK_TOLERANCE`].
pub(super) fn around<P: Params>(
    entries: &[ListedParams<P>],
    now: Timestamp,
) -> Vec<&ListedParams<P>> {
    let tolerance = CLOCK_TOLERANCE.as_secs();
    let mut candidates: Vec<&ListedParams<P>> = Vec::new();
    for moment in [now, now.minus(tolerance), now.plus(tolerance)] {
        if let Some(newest) = at(entries, moment)
            && !candidates.iter().any(|known| std::ptr::eq(*known, newest))
        {
            candidates.push(newest);
        }
    }
    candidates
}
