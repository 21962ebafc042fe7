//! Which of the listed params issue at a moment.

use anteroom_protocol::{GenericPublicParams, GroupServerPublicParams, Mode, Timestamp};

use super::Listed;
use crate::CLOCK_TOLERANCE;

/// Params of a kind.
pub(super) trait Params {
    /// Whether they are for clients of another kind, where there are others too.
    fn is_legacy(&self) -> bool;
}

impl Params for GenericPublicParams {
    fn is_legacy(&self) -> bool {
        self.mode() == Mode::Legacy
    }
}

impl Params for GroupServerPublicParams {
    fn is_legacy(&self) -> bool {
        false
    }
}

/// The params that issue at a moment: the newest valid ones.
///
/// Where an issuer lists both modes, legacy is for other clients: it must not be able to tell its
/// clients apart by the mode it picks for each.
pub(super) fn at<P: Params>(entries: &[Listed<P>], moment: Timestamp) -> Option<&Listed<P>> {
    entries
        .iter()
        .filter(|listed| listed.validity.contains(moment))
        .max_by_key(|listed| (!listed.params.is_legacy(), listed.validity.not_before))
}

/// The params that may issue now: around a change those of both sides, as the clocks of the issuer
/// and of this device may differ. Those of this device's clock come first.
pub(super) fn around<P: Params>(entries: &[Listed<P>], now: Timestamp) -> Vec<&Listed<P>> {
    let tolerance = CLOCK_TOLERANCE.as_secs();
    let mut candidates: Vec<&Listed<P>> = Vec::new();
    for moment in [now, now.minus(tolerance), now.plus(tolerance)] {
        if let Some(newest) = at(entries, moment)
            && !candidates.iter().any(|known| std::ptr::eq(*known, newest))
        {
            candidates.push(newest);
        }
    }
    candidates
}
