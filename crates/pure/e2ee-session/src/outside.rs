//! The time in which a device is kept outside of the groups.

use anteroom_e2ee::Moment;

/// The time outside of the groups in which a device asks, over all Welcomes that fail.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outside {
    /// The moment at which it began.
    pub(crate) since: Option<Moment>,
    /// Whether the person was told of it, and then whether because of a lock.
    pub(crate) told: Option<bool>,
}
