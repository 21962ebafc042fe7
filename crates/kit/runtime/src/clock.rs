//! Time as an argument.

use anteroom_protocol::Timestamp;

/// Returns the time.
///
/// The services never ask the operating system: the binary passes a clock that does, and tests pass
/// one that they set.
pub trait Clock: Send + Sync {
    /// Returns the current time, in whole seconds.
    fn now(&self) -> Timestamp;
}
