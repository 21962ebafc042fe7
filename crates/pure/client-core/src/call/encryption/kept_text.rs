//! A text that waits until a member is there to hear it.

use anteroom_e2ee::Moment;

/// A text that waits until a member is there to hear it.
pub(super) struct KeptText {
    pub(super) text: String,
    /// The moment until which it waits.
    pub(super) until: Moment,
    /// Whether devices without end-to-end encryption have heard it already.
    pub(super) is_heard_outside: bool,
}
