//! The own key package, while the device asks to be added.

use anteroom_e2ee::{Candidate, Moment};
use anteroom_protocol::redacted_debug;

/// The state of a device that asks to be added.
pub(crate) struct Asking {
    pub(crate) candidate: Candidate,
    /// The lowest number of a group that it asks.
    pub(crate) group: u32,
    /// The moment at which it began to ask.
    pub(crate) since: Moment,
    /// The moment of the next relay of the key package.
    pub(crate) next_relay: Moment,
    /// The number of relays of this key package.
    pub(crate) relays: u32,
}

redacted_debug!(Asking);
