//! Time as an argument.

use anteroom_protocol::Timestamp;

/// Tells the time.
///
/// Nothing in the services asks the operating system: the binary passes a clock that does, tests
/// pass one that is set by hand.
pub trait Clock: Send + Sync {
    /// The current moment, in whole seconds.
    fn now(&self) -> Timestamp;
}
